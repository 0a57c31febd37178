"""What process tests stand on: real binaries, foreign tools and what they print."""
