#include "sm.h"
#include <string.h>

#define ROTL(x, n) ((x) << ((n) & 31) | (x) >> ((32 - ((n) & 31)) & 31))

static uint32_t load(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }
static void store(uint8_t *p, uint32_t v) { p[0] = v >> 24; p[1] = v >> 16; p[2] = v >> 8; p[3] = v; }

/* ---- SM3, GB/T 32905 ---------------------------------------------------------------------------------------------- */

static uint32_t p0(uint32_t x) { return x ^ ROTL(x, 9) ^ ROTL(x, 17); }
static uint32_t p1(uint32_t x) { return x ^ ROTL(x, 15) ^ ROTL(x, 23); }

static void compress(uint32_t v[8], const uint8_t block[64]) {
  uint32_t w[68], a[8];
  for (int i = 0; i < 16; i++) w[i] = load(block + 4 * i);
  for (int i = 16; i < 68; i++) w[i] = p1(w[i - 16] ^ w[i - 9] ^ ROTL(w[i - 3], 15)) ^ ROTL(w[i - 13], 7) ^ w[i - 6];
  memcpy(a, v, sizeof a);
  for (int i = 0; i < 64; i++) {
    uint32_t t = i < 16 ? 0x79cc4519u : 0x7a879d8au;
    uint32_t ss1 = ROTL(ROTL(a[0], 12) + a[4] + ROTL(t, i), 7), ss2 = ss1 ^ ROTL(a[0], 12);
    uint32_t ff = i < 16 ? a[0] ^ a[1] ^ a[2] : (a[0] & a[1]) | (a[0] & a[2]) | (a[1] & a[2]);
    uint32_t gg = i < 16 ? a[4] ^ a[5] ^ a[6] : (a[4] & a[5]) | (~a[4] & a[6]);
    uint32_t tt1 = ff + a[3] + ss2 + (w[i] ^ w[i + 4]), tt2 = gg + a[7] + ss1 + w[i];
    a[3] = a[2]; a[2] = ROTL(a[1], 9); a[1] = a[0]; a[0] = tt1;
    a[7] = a[6]; a[6] = ROTL(a[5], 19); a[5] = a[4]; a[4] = p0(tt2);
  }
  for (int i = 0; i < 8; i++) v[i] ^= a[i];
}

void sm3(uint8_t digest[32], const part *parts, size_t count) {
  uint32_t v[8] = {0x7380166fu, 0x4914b2b9u, 0x172442d7u, 0xda8a0600u, 0xa96f30bcu, 0x163138aau, 0xe38dee4du, 0xb0fb0e4eu};
  uint8_t block[64];
  size_t used = 0;
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < parts[i].length; j++) {
      block[used++] = parts[i].bytes[j];
      total += 8;
      if (used == 64) { compress(v, block); used = 0; }
    }
  block[used++] = 0x80;
  if (used > 56) { memset(block + used, 0, 64 - used); compress(v, block); used = 0; }
  memset(block + used, 0, 56 - used);
  store(block + 56, (uint32_t)(total >> 32));
  store(block + 60, (uint32_t)total);
  compress(v, block);
  for (int i = 0; i < 8; i++) store(digest + 4 * i, v[i]);
}

void sm2_kdf(uint8_t *out, size_t length, const part *z, size_t count) {
  part parts[8];
  uint8_t counter[4], digest[32];
  memcpy(parts, z, count * sizeof *z);
  parts[count] = (part){counter, 4};
  for (uint32_t i = 1; length > 0; i++) {
    size_t take = length < 32 ? length : 32;
    store(counter, i);
    sm3(digest, parts, count + 1);
    memcpy(out, digest, take);
    out += take;
    length -= take;
  }
}

/* ---- SM4, GB/T 32907 ---------------------------------------------------------------------------------------------- */

/* The S-box: affine, inverse in GF(2^8) modulo x^8+x^7+x^6+x^5+x^4+x^2+1, affine again. Computed once, before anything calls. */
static uint8_t sbox[256];

static uint8_t gf_mul(uint8_t a, uint8_t b) {
  uint16_t product = 0, x = a;
  for (; b; b >>= 1, x <<= 1) if (b & 1) product ^= x;
  for (int i = 14; i >= 8; i--) if (product >> i & 1) product ^= (uint16_t)(0x1f5 << (i - 8));
  return (uint8_t)product;
}

static uint8_t affine(uint8_t x) {
  uint8_t out = 0;
  for (int i = 0; i < 8; i++) {
    uint8_t row = (uint8_t)(0xa7 << i | 0xa7 >> (8 - i)), bits = row & x;
    bits ^= bits >> 4; bits ^= bits >> 2; bits ^= bits >> 1;
    out |= (uint8_t)((bits & 1) << i);
  }
  return out ^ 0xd3;
}

__attribute__((constructor)) static void make_sbox(void) {
  for (int x = 0; x < 256; x++) {
    uint8_t v = affine((uint8_t)x), inverse = 0;
    for (int y = 1; y < 256 && v; y++) if (gf_mul(v, (uint8_t)y) == 1) inverse = (uint8_t)y;
    sbox[x] = affine(inverse);
  }
}

static uint32_t tau(uint32_t x) {
  return (uint32_t)sbox[x >> 24] << 24 | (uint32_t)sbox[x >> 16 & 255] << 16 | (uint32_t)sbox[x >> 8 & 255] << 8 | sbox[x & 255];
}

void sm4_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16], int decrypt) {
  static const uint32_t fk[4] = {0xa3b1bac6u, 0x56aa3350u, 0x677d9197u, 0xb27022dcu};
  uint32_t rk[32], k[4], x[4];
  for (int i = 0; i < 4; i++) { k[i] = load(key + 4 * i) ^ fk[i]; x[i] = load(in + 4 * i); }
  for (int i = 0; i < 32; i++) {
    uint32_t ck = 0;
    for (int j = 0; j < 4; j++) ck = ck << 8 | (uint8_t)((4 * i + j) * 7);
    uint32_t t = tau(k[1] ^ k[2] ^ k[3] ^ ck), next = k[0] ^ t ^ ROTL(t, 13) ^ ROTL(t, 23);
    k[0] = k[1]; k[1] = k[2]; k[2] = k[3]; k[3] = next;
    rk[i] = next;
  }
  for (int i = 0; i < 32; i++) {
    uint32_t t = tau(x[1] ^ x[2] ^ x[3] ^ rk[decrypt ? 31 - i : i]);
    uint32_t next = x[0] ^ t ^ ROTL(t, 2) ^ ROTL(t, 10) ^ ROTL(t, 18) ^ ROTL(t, 24);
    x[0] = x[1]; x[1] = x[2]; x[2] = x[3]; x[3] = next;
  }
  for (int i = 0; i < 4; i++) store(out + 4 * i, x[3 - i]);
}
