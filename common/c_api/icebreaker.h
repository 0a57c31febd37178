/* The C interface of libicebreaker: ICE candidates, TURN REST credentials and STUN messages for
 * programs in C or in any language that calls C.
 *
 * Rules of every function:
 * - Bytes and text of messages come in as pointer and length, without a terminating zero; a null
 *   pointer is fine when its length is 0. Names and secrets are UTF-8 that ends with a zero.
 * - What comes out goes into the caller's memory (see icebreaker_text), but for handles, which
 *   their _free function releases. Strings that are returned directly live forever.
 * - A result other than ICEBREAKER_OK leaves all outputs as they were, with the one exception that
 *   icebreaker_text describes.
 * - No function keeps a pointer, prints, changes the locale or errno, or throws. All are safe to
 *   call from several threads at once, on different handles or on one handle that none frees. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Names and declarations are C, whatever language reads them. */
/* NOLINTBEGIN(readability-identifier-naming, modernize-use-using) */

#ifdef __cplusplus
extern "C" {
#endif

typedef enum icebreaker_status {
  ICEBREAKER_OK = 0,
  ICEBREAKER_INVALID_ARGUMENT = 1, /* a null pointer, or a number out of range */
  ICEBREAKER_MALFORMED = 2,        /* the input breaks the format's rules */
  ICEBREAKER_BUFFER_TOO_SMALL = 3, /* icebreaker_text.length says what is needed */
  ICEBREAKER_ABSENT = 4,           /* the message has no such attribute */
  ICEBREAKER_MISMATCH = 5,         /* wrong key, or the message was changed */
  ICEBREAKER_OUT_OF_MEMORY = 6
} icebreaker_status;

/* A few words in English for logs; never null. */
const char* icebreaker_status_text(icebreaker_status status);

/* "0.1.0" */
const char* icebreaker_version(void);

/* A caller's buffer for text. The caller sets data and capacity (0 is legal, to ask for the size);
 * the library writes the text and a terminating zero and sets length to the text's length without
 * it. When the capacity does not suffice, nothing is written but length, which then says how much
 * is needed: capacity must be greater than it. */
typedef struct icebreaker_text {
  char* data;
  size_t capacity;
  size_t length;
} icebreaker_text;

/* ---- ICE candidates (RFC 8839 section 5.1) --------------------------------------------------- */

typedef struct icebreaker_candidate icebreaker_candidate;

typedef enum icebreaker_candidate_type {
  ICEBREAKER_CANDIDATE_HOST = 0,
  ICEBREAKER_CANDIDATE_SERVER_REFLEXIVE = 1,
  ICEBREAKER_CANDIDATE_PEER_REFLEXIVE = 2,
  ICEBREAKER_CANDIDATE_RELAYED = 3,
  ICEBREAKER_CANDIDATE_OTHER = 4
} icebreaker_candidate_type;

typedef enum icebreaker_transport {
  ICEBREAKER_TRANSPORT_UDP = 0,
  ICEBREAKER_TRANSPORT_TCP = 1,
  ICEBREAKER_TRANSPORT_OTHER = 2
} icebreaker_transport;

typedef struct icebreaker_candidate_fields {
  icebreaker_candidate_type type;
  icebreaker_transport transport;
  uint16_t component;
  uint16_t port;
  uint32_t priority;
} icebreaker_candidate_fields;

/* Reads "a=candidate:...", "candidate:..." or the bare value, without a line end. On OK the caller
 * owns *candidate and releases it with icebreaker_candidate_free. */
icebreaker_status icebreaker_candidate_parse(const char* text, size_t length,
                                             icebreaker_candidate** candidate);

/* "candidate:...", as browsers write it; addresses come out in the form of RFC 5952. */
icebreaker_status icebreaker_candidate_format(const icebreaker_candidate* candidate,
                                              icebreaker_text* text);

icebreaker_status icebreaker_candidate_get(const icebreaker_candidate* candidate,
                                           icebreaker_candidate_fields* fields);

/* An IP address, or a host name such as "....local". */
icebreaker_status icebreaker_candidate_address(const icebreaker_candidate* candidate,
                                               icebreaker_text* address);

/* Null is fine. */
void icebreaker_candidate_free(icebreaker_candidate* candidate);

/* ---- TURN REST credentials (draft-uberti-behave-turn-rest) ----------------------------------- */

/* Makes the username "<expires_at>:<id>", with expires_at in seconds since 1970 (0 to
 * 9,223,372,036), and the password base64(HMAC-SHA1(secret, username)). The password always needs
 * 28 bytes and the zero. */
icebreaker_status icebreaker_mint_turn_rest(const char* secret, const char* id, int64_t expires_at,
                                            icebreaker_text* username, icebreaker_text* password);

/* ---- STUN messages (RFC 8489) ---------------------------------------------------------------- */

typedef enum icebreaker_packet {
  ICEBREAKER_PACKET_OTHER = 0,
  ICEBREAKER_PACKET_STUN = 1,        /* a whole, well-formed STUN message */
  ICEBREAKER_PACKET_CHANNEL_DATA = 2 /* a whole ChannelData message (RFC 8656 section 12.4) */
} icebreaker_packet;

/* What one UDP datagram holds. */
icebreaker_packet icebreaker_classify_packet(const void* bytes, size_t length);

typedef enum icebreaker_stun_class {
  ICEBREAKER_STUN_REQUEST = 0,
  ICEBREAKER_STUN_INDICATION = 1,
  ICEBREAKER_STUN_SUCCESS_RESPONSE = 2,
  ICEBREAKER_STUN_ERROR_RESPONSE = 3
} icebreaker_stun_class;

typedef struct icebreaker_stun_header {
  icebreaker_stun_class message_class;
  uint16_t method; /* 0x001 is Binding */
  uint8_t transaction_id[12];
} icebreaker_stun_header;

/* Checks the structure of one whole message and reads its header; MALFORMED when it is not one. */
icebreaker_status icebreaker_parse_stun(const void* bytes, size_t length,
                                        icebreaker_stun_header* header);

/* Each of the three returns OK, ABSENT, MISMATCH, or MALFORMED for the message or the attribute.
 * The key is the password of a short-term credential, or a long-term key. */
icebreaker_status icebreaker_check_message_integrity(const void* bytes, size_t length,
                                                     const void* key, size_t key_length);
icebreaker_status icebreaker_check_message_integrity_sha256(const void* bytes, size_t length,
                                                            const void* key, size_t key_length);
icebreaker_status icebreaker_check_fingerprint(const void* bytes, size_t length);

/* The long-term key of RFC 8489 section 9.2.2: MD5("username:realm:password"). The strings end
 * with a zero. */
icebreaker_status icebreaker_long_term_key(const char* username, const char* realm,
                                           const char* password, uint8_t key[16]);
/* The same by the password algorithm SHA-256 (section 18.5.1.2). */
icebreaker_status icebreaker_long_term_key_sha256(const char* username, const char* realm,
                                                  const char* password, uint8_t key[32]);
/* The value of USERHASH (section 14.4): SHA-256("username:realm"). */
icebreaker_status icebreaker_userhash(const char* username, const char* realm, uint8_t hash[32]);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(readability-identifier-naming, modernize-use-using) */
