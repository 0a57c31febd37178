// The sample messages of RFC 5769 §2 and of RFC 8489 appendix B.1, one attribute a line; the latter
// with PASSWORD-ALGORITHM, length and HMAC as erratum 6268 corrects them.
#pragma once

#include <string_view>

namespace icebreaker::test_data {

inline constexpr std::string_view kShortTermPassword = "VOkJxbRl1RmTxUk/WvJxBt";

inline constexpr std::string_view kRfc5769Request = R"(
00010058 2112a442 b7e7a701bc34d686fa87dfae
80220010 5354554e207465737420636c69656e74
00240004 6e0001ff
80290008 932ff9b151263b36
00060009 6576746a3a68367659 202020
00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
80280004 e57a3bcf
)";

inline constexpr std::string_view kRfc5769Ipv4Response = R"(
0101003c 2112a442 b7e7a701bc34d686fa87dfae
8022000b 7465737420766563746f72 20
00200008 0001a147e112a643
00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
80280004 c07d4c96
)";

inline constexpr std::string_view kRfc5769Ipv6Response = R"(
01010048 2112a442 b7e7a701bc34d686fa87dfae
8022000b 7465737420766563746f72 20
00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
80280004 c8fb0b4c
)";

// The user of the two requests with long-term credentials.
inline constexpr std::string_view kLongTermUsername = "マトリックス";
inline constexpr std::string_view kLongTermRealm = "example.org";
inline constexpr std::string_view kLongTermPassword = "TheMatrIX";

inline constexpr std::string_view kRfc5769LongTermRequest = R"(
00010060 2112a442 78ad3433c6ad72c029da412e
00060012 e3839ee38388e383aae38383e382afe382b9 0000
0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
0014000b 6578616d706c652e6f7267 00
00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666
)";

inline constexpr std::string_view kRfc8489Sha256Request = R"(
00010090 2112a442 78ad3433c6ad72c029da412e
001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
00150029 6f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341 000000
0014000b 6578616d706c652e6f7267 00
001d0004 00020000
001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65
)";

}  // namespace icebreaker::test_data
