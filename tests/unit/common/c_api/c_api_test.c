/* The C interface as a C program sees it; prints what failed and exits with 1. */
#include <stdio.h>
#include <string.h>

#include "common/c_api/icebreaker.h"

static int failures = 0;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, line, what);
  ++failures;
}

#define EXPECT(condition) expect(condition, #condition, __LINE__)

/* RFC 5769 section 2.1. */
static const uint8_t request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};
static const char password_text[] = "VOkJxbRl1RmTxUk/WvJxBt";

static void classifies_packets(void) {
  static const uint8_t channel_data[] = {0x40, 0x00, 0x00, 0x01, 0xff};
  EXPECT(icebreaker_classify_packet(request, sizeof request) == ICEBREAKER_PACKET_STUN);
  EXPECT(icebreaker_classify_packet(request, 19) == ICEBREAKER_PACKET_OTHER);
  EXPECT(icebreaker_classify_packet(channel_data, 5) == ICEBREAKER_PACKET_CHANNEL_DATA);
  EXPECT(icebreaker_classify_packet(NULL, 0) == ICEBREAKER_PACKET_OTHER);
}

static void reads_headers(void) {
  icebreaker_stun_header header;
  EXPECT(icebreaker_parse_stun(request, sizeof request, &header) == ICEBREAKER_OK);
  EXPECT(header.message_class == ICEBREAKER_STUN_REQUEST);
  EXPECT(header.method == 1);
  EXPECT(memcmp(header.transaction_id, request + 8, 12) == 0);
  EXPECT(icebreaker_parse_stun(request, 20, &header) == ICEBREAKER_MALFORMED);
  EXPECT(icebreaker_parse_stun(NULL, 20, &header) == ICEBREAKER_INVALID_ARGUMENT);
  EXPECT(icebreaker_parse_stun(request, sizeof request, NULL) == ICEBREAKER_INVALID_ARGUMENT);
}

static icebreaker_status integrity(const uint8_t* bytes, size_t length, const char* key) {
  return icebreaker_check_message_integrity(bytes, length, key, strlen(key));
}

static void checks_integrity(void) {
  const char* key = password_text;
  uint8_t changed[sizeof request];
  memcpy(changed, request, sizeof request);
  changed[70] ^= 1;

  EXPECT(integrity(request, sizeof request, key) == ICEBREAKER_OK);
  EXPECT(integrity(request, sizeof request, "VOk") == ICEBREAKER_MISMATCH);
  EXPECT(integrity(changed, sizeof changed, key) == ICEBREAKER_MISMATCH);
  EXPECT(integrity(request, 7, key) == ICEBREAKER_MALFORMED);
  EXPECT(icebreaker_check_message_integrity_sha256(request, sizeof request, key, 22) ==
         ICEBREAKER_ABSENT);
  EXPECT(icebreaker_check_message_integrity(request, sizeof request, NULL, 22) ==
         ICEBREAKER_INVALID_ARGUMENT);
  EXPECT(icebreaker_check_fingerprint(request, sizeof request) == ICEBREAKER_OK);
  EXPECT(icebreaker_check_fingerprint(changed, sizeof changed) == ICEBREAKER_MISMATCH);
}

static void makes_keys(void) {
  static const uint8_t expected[16] = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
                                       0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
  uint8_t key[16];
  EXPECT(icebreaker_long_term_key("user", "realm", "pass", key) == ICEBREAKER_OK);
  EXPECT(memcmp(key, expected, sizeof key) == 0);
  EXPECT(icebreaker_long_term_key("user", NULL, "pass", key) == ICEBREAKER_INVALID_ARGUMENT);

  // printf user:realm:pass | sha256sum, and of user:realm.
  static const uint8_t expected_sha256[32] = {0x07, 0xe9, 0x34, 0x11, 0x7a, 0xbd, 0x40, 0x83,
                                              0x6e, 0x7c, 0x63, 0x29, 0xb5, 0x47, 0x31, 0xb2,
                                              0xb2, 0xd2, 0xa5, 0xf9, 0xa7, 0x1f, 0x54, 0x49,
                                              0x22, 0xd7, 0x5e, 0x07, 0x30, 0xd8, 0x25, 0x1b};
  static const uint8_t expected_hash[32] = {0x6a, 0x30, 0x29, 0x11, 0x6b, 0x47, 0xaa, 0x98,
                                            0xbc, 0xaa, 0x32, 0x53, 0x99, 0x73, 0x3d, 0xc1,
                                            0xa2, 0x3c, 0xd5, 0x7e, 0x26, 0xb8, 0x1b, 0xef,
                                            0x3f, 0xf6, 0x53, 0x1c, 0xe6, 0x24, 0xe2, 0xda};
  uint8_t digest[32];
  EXPECT(icebreaker_long_term_key_sha256("user", "realm", "pass", digest) == ICEBREAKER_OK);
  EXPECT(memcmp(digest, expected_sha256, sizeof digest) == 0);
  EXPECT(icebreaker_userhash("user", "realm", digest) == ICEBREAKER_OK);
  EXPECT(memcmp(digest, expected_hash, sizeof digest) == 0);
  EXPECT(icebreaker_long_term_key_sha256("user", "realm", "pass", NULL) ==
         ICEBREAKER_INVALID_ARGUMENT);
  EXPECT(icebreaker_userhash(NULL, "realm", digest) == ICEBREAKER_INVALID_ARGUMENT);
}

static void mints_credentials(void) {
  char username_buffer[64];
  char password_buffer[64];
  icebreaker_text username = {username_buffer, sizeof username_buffer, 0};
  icebreaker_text password = {password_buffer, sizeof password_buffer, 0};

  EXPECT(icebreaker_mint_turn_rest("north", "alice", 1700000000, &username, &password) ==
         ICEBREAKER_OK);
  EXPECT(strcmp(username.data, "1700000000:alice") == 0);
  EXPECT(username.length == 16);
  EXPECT(strcmp(password.data, "Cd/49soE35ICqcJF/bCTn8Z4OyE=") == 0);
  EXPECT(icebreaker_mint_turn_rest("north", "alice", INT64_MAX, &username, &password) ==
         ICEBREAKER_INVALID_ARGUMENT);
}

static void reads_and_writes_candidates(void) {
  static const char text[] =
      "candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 10.0.0.5 rport 46154";
  char buffer[256];
  icebreaker_text out = {buffer, sizeof buffer, 0};
  icebreaker_candidate_fields fields;
  icebreaker_candidate* candidate = NULL;

  EXPECT(icebreaker_candidate_parse("candidate:x", 11, &candidate) == ICEBREAKER_MALFORMED);
  EXPECT(candidate == NULL);
  EXPECT(icebreaker_candidate_parse(text, strlen(text), &candidate) == ICEBREAKER_OK);
  EXPECT(icebreaker_candidate_format(candidate, &out) == ICEBREAKER_OK);
  EXPECT(strcmp(buffer, text) == 0);
  EXPECT(icebreaker_candidate_get(candidate, &fields) == ICEBREAKER_OK);
  EXPECT(fields.type == ICEBREAKER_CANDIDATE_SERVER_REFLEXIVE);
  EXPECT(fields.transport == ICEBREAKER_TRANSPORT_UDP);
  EXPECT(fields.component == 1);
  EXPECT(fields.port == 46154);
  EXPECT(fields.priority == 1677729535);
  EXPECT(icebreaker_candidate_address(candidate, &out) == ICEBREAKER_OK);
  EXPECT(strcmp(buffer, "192.0.2.7") == 0);
  EXPECT(icebreaker_candidate_get(NULL, &fields) == ICEBREAKER_INVALID_ARGUMENT);
  icebreaker_candidate_free(candidate);
  icebreaker_candidate_free(NULL);
}

static void says_how_much_room_it_needs(void) {
  char buffer[16] = "untouched";
  icebreaker_text username = {buffer, sizeof buffer, 0};
  icebreaker_text password = {NULL, 0, 0};

  EXPECT(icebreaker_mint_turn_rest("s", "alice", 1700000000, &username, &password) ==
         ICEBREAKER_BUFFER_TOO_SMALL);
  EXPECT(username.length == 16);
  EXPECT(password.length == 28);
  EXPECT(strcmp(buffer, "untouched") == 0);
}

static void names_version_and_statuses(void) {
  EXPECT(strcmp(icebreaker_version(), ICEBREAKER_VERSION) == 0);
  for (int status = ICEBREAKER_OK; status <= ICEBREAKER_OUT_OF_MEMORY; ++status) {
    EXPECT(strlen(icebreaker_status_text((icebreaker_status)status)) > 0);
  }
}

int main(void) {
  classifies_packets();
  reads_headers();
  checks_integrity();
  makes_keys();
  mints_credentials();
  reads_and_writes_candidates();
  says_how_much_room_it_needs();
  names_version_and_statuses();
  return failures == 0 ? 0 : 1;
}
