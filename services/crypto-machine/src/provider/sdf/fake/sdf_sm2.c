#include "internal.h"

static int use_private(session *s, uint8_t d[32], uint32_t index, int encryption) {
  return index >= sizeof s->access ? NO_KEY : !s->access[index] ? DENIED : private_key(d, index, encryption);
}

/* ---- SM2 ------------------------------------------------------------------------------------------------------------ */

static uint32_t export_key(session *s, uint32_t index, uint8_t *out, int encryption) {
  uint8_t d[32];
  sm2_point p;
  uint32_t code = (uint32_t)private_key(d, index, encryption);
  if (code == OK && sm2_public_key(&p, d) == 0) put_point(out, &p);
  LEAVE(s, code);
}
uint32_t SDF_ExportSignPublicKey_ECC(session *s, uint32_t index, uint8_t *out) { ENTER(s); return export_key(s, index, out, 0); }
uint32_t SDF_ExportEncPublicKey_ECC(session *s, uint32_t index, uint8_t *out) { ENTER(s); return export_key(s, index, out, 1); }

uint32_t SDF_InternalSign_ECC(session *s, uint32_t index, const uint8_t *e, uint32_t length, uint8_t *signature) {
  uint8_t d[32], r[32], t[32];
  ENTER(s);
  if (length != 32) LEAVE(s, IN_ARGUMENT);
  int code = use_private(s, d, index, 0);
  if (code != OK) LEAVE(s, code);
  if (sm2_sign(r, t, d, e)) LEAVE(s, PRIVATE_OP);
  put(signature, r);
  put(signature + width(), t);
  LEAVE(s, OK);
}
uint32_t SDF_ExternalVerify_ECC(session *s, uint32_t algorithm, const uint8_t *public_key, const uint8_t *e, uint32_t length, const uint8_t *signature) {
  sm2_point p;
  uint8_t r[32], t[32];
  ENTER(s);
  if (algorithm != SIGN) LEAVE(s, NO_ALGORITHM);
  if (length != 32 || take_point(&p, public_key) || take(r, signature) || take(t, signature + width())) LEAVE(s, IN_ARGUMENT);
  int result = sm2_verify(&p, e, r, t);
  LEAVE(s, result == 0 ? OK : result == -2 ? IN_ARGUMENT : VERIFY_FAILED);
}

uint32_t SDF_GenerateKeyWithEPK_ECC(session *s, uint32_t bits, uint32_t algorithm, const uint8_t *public_key, uint8_t *cipher, void **out) {
  sm2_point p, c1;
  uint8_t fresh[32], c2[16], c3[32];
  uint32_t length = 16;
  ENTER(s);
  if (algorithm != ENCRYPT) LEAVE(s, NO_ALGORITHM);
  sm2_random_scalar(fresh);
  if (bits != 128 || take_point(&p, public_key) || sm2_encrypt(&p, fresh, 16, &c1, c3, c2)) LEAVE(s, IN_ARGUMENT);
  put(cipher, c1.xy);
  put(cipher + width(), c1.xy + 32);
  memcpy(cipher + 2 * width(), c3, 32);
  memcpy(cipher + 2 * width() + 32, &length, 4);
  memcpy(cipher + 2 * width() + 36, c2, 16);
  LEAVE(s, new_key(s, fresh, out));
}

/* ---- GB/T 32918.3 --------------------------------------------------------------------------------------------------- */

uint32_t SDF_GenerateAgreementDataWithECC(session *s, uint32_t index, uint32_t bits, const uint8_t *id, uint32_t id_length,
                                          uint8_t *public_key, uint8_t *ephemeral, void **out) {
  uint8_t d[32];
  ENTER(s);
  int code = use_private(s, d, index, 1);
  if (code != OK) LEAVE(s, code);
  if (bits != 128 || id_length > 64) LEAVE(s, IN_ARGUMENT);
  if (s->agreements >= control_number("agreements", 1000)) LEAVE(s, NO_BUFFER);
  s->agreements++;
  agreement *a = calloc(1, sizeof *a);
  a->magic = AGREEMENT;
  a->owner = s;
  memcpy(a->d, d, 32);
  memcpy(a->id, id, id_length);
  sm2_random_scalar(a->r);
  a->own.id = a->id;
  a->own.id_length = id_length;
  sm2_public_key(&a->own.key, d);
  sm2_public_key(&a->own.ephemeral, a->r);
  put_point(public_key, &a->own.key);
  put_point(ephemeral, &a->own.ephemeral);
  *out = a;
  LEAVE(s, OK);
}
uint32_t SDF_GenerateKeyWithECC(session *s, const uint8_t *id, uint32_t id_length, const uint8_t *public_key, const uint8_t *ephemeral,
                                agreement *a, void **out) {
  sm2_party peer = {.id = id, .id_length = id_length};
  uint8_t agreed[16];
  ENTER(s);
  if (!a || a->magic != AGREEMENT || a->owner != s) LEAVE(s, STEP);
  if (take_point(&peer.key, public_key) || take_point(&peer.ephemeral, ephemeral)) LEAVE(s, IN_ARGUMENT);
  if (sm2_agree(agreed, 1, &a->own, a->d, a->r, &peer)) LEAVE(s, PRIVATE_OP);
  a->magic = 0;
  free(a);
  s->agreements--;
  LEAVE(s, new_key(s, agreed, out));
}
uint32_t SDF_GenerateAgreementDataAndKeyWithECC(session *s, uint32_t index, uint32_t bits, const uint8_t *own_id, uint32_t own_length,
                                                const uint8_t *peer_id, uint32_t peer_length, const uint8_t *peer_key,
                                                const uint8_t *peer_ephemeral, uint8_t *public_key, uint8_t *ephemeral, void **out) {
  sm2_party own = {.id = own_id, .id_length = own_length}, peer = {.id = peer_id, .id_length = peer_length};
  uint8_t d[32], r[32], agreed[16];
  ENTER(s);
  int code = use_private(s, d, index, 1);
  if (code != OK) LEAVE(s, code);
  if (bits != 128 || take_point(&peer.key, peer_key) || take_point(&peer.ephemeral, peer_ephemeral)) LEAVE(s, IN_ARGUMENT);
  sm2_random_scalar(r);
  sm2_public_key(&own.key, d);
  sm2_public_key(&own.ephemeral, r);
  if (sm2_agree(agreed, 0, &own, d, r, &peer)) LEAVE(s, PRIVATE_OP);
  put_point(public_key, &own.key);
  put_point(ephemeral, &own.ephemeral);
  LEAVE(s, new_key(s, agreed, out));
}
