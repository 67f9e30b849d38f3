#include "sm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- 256-bit numbers, four limbs, low first; multiplication after Montgomery --------------------------------------- */

typedef struct { uint64_t v[4]; } num;
typedef struct { num m, one, r2; uint64_t inverse; } field;
typedef unsigned __int128 wide;

static num from_bytes(const uint8_t b[32]) {
  num x;
  for (int i = 0; i < 4; i++) {
    x.v[3 - i] = 0;
    for (int j = 0; j < 8; j++) x.v[3 - i] = x.v[3 - i] << 8 | b[8 * i + j];
  }
  return x;
}
static void to_bytes(uint8_t b[32], const num *x) {
  for (int i = 0; i < 32; i++) b[i] = (uint8_t)(x->v[3 - i / 8] >> (56 - 8 * (i % 8)));
}
static int compare(const num *a, const num *b) {
  for (int i = 3; i >= 0; i--) if (a->v[i] != b->v[i]) return a->v[i] < b->v[i] ? -1 : 1;
  return 0;
}
static int is_zero(const num *a) { return !(a->v[0] | a->v[1] | a->v[2] | a->v[3]); }
static uint64_t add_raw(num *r, const num *a, const num *b) {
  wide carry = 0;
  for (int i = 0; i < 4; i++) { carry += (wide)a->v[i] + b->v[i]; r->v[i] = (uint64_t)carry; carry >>= 64; }
  return (uint64_t)carry;
}
static uint64_t sub_raw(num *r, const num *a, const num *b) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    wide d = (wide)a->v[i] - b->v[i] - borrow;
    r->v[i] = (uint64_t)d;
    borrow = (uint64_t)(d >> 64) & 1;
  }
  return borrow;
}
static num add(const field *f, num a, num b) {
  num r;
  if (add_raw(&r, &a, &b) || compare(&r, &f->m) >= 0) sub_raw(&r, &r, &f->m);
  return r;
}
static num sub(const field *f, num a, num b) {
  num r;
  if (sub_raw(&r, &a, &b)) add_raw(&r, &r, &f->m);
  return r;
}
static num mul(const field *f, num a, num b) {
  uint64_t t[6] = {0};
  for (int i = 0; i < 4; i++) {
    wide c = 0;
    for (int j = 0; j < 4; j++) { c += (wide)a.v[j] * b.v[i] + t[j]; t[j] = (uint64_t)c; c >>= 64; }
    c += t[4]; t[4] = (uint64_t)c; t[5] = (uint64_t)(c >> 64);
    uint64_t q = t[0] * f->inverse;
    c = ((wide)q * f->m.v[0] + t[0]) >> 64;
    for (int j = 1; j < 4; j++) { c += (wide)q * f->m.v[j] + t[j]; t[j - 1] = (uint64_t)c; c >>= 64; }
    c += t[4]; t[3] = (uint64_t)c; t[4] = t[5] + (uint64_t)(c >> 64);
  }
  num r = {{t[0], t[1], t[2], t[3]}};
  if (t[4] || compare(&r, &f->m) >= 0) sub_raw(&r, &r, &f->m);
  return r;
}
static num enter(const field *f, num a) { return mul(f, a, f->r2); }
static num leave(const field *f, num a) { return mul(f, a, (num){{1, 0, 0, 0}}); }
/* a^(m-2): the inverse, m being prime. */
static num invert(const field *f, num a) {
  num e, r = f->one;
  sub_raw(&e, &f->m, &(num){{2, 0, 0, 0}});
  for (int i = 255; i >= 0; i--) {
    r = mul(f, r, r);
    if (e.v[i / 64] >> (i % 64) & 1) r = mul(f, r, a);
  }
  return r;
}
static void make_field(field *f, num m) {
  f->m = m;
  f->inverse = 1;
  for (int i = 0; i < 6; i++) f->inverse *= 2 - m.v[0] * f->inverse;
  f->inverse = -f->inverse;
  num x = {{1, 0, 0, 0}};
  for (int i = 0; i < 512; i++) { x = add(f, x, x); if (i == 255) f->one = x; }
  f->r2 = x;
}

/* ---- the curve, GB/T 32918.5 --------------------------------------------------------------------------------------- */

static const num P = {{0xffffffffffffffffu, 0xffffffff00000000u, 0xffffffffffffffffu, 0xfffffffeffffffffu}};
static const num N = {{0x53bbf40939d54123u, 0x7203df6b21c6052bu, 0xffffffffffffffffu, 0xfffffffeffffffffu}};
static const num B = {{0xddbcbd414d940e93u, 0xf39789f515ab8f92u, 0x4d5a9e4bcf6509a7u, 0x28e9fa9e9d9f5e34u}};
static const num GX = {{0x715a4589334c74c7u, 0x8fe30bbff2660be1u, 0x5f9904466a39c994u, 0x32c4ae2c1f198119u}};
static const num GY = {{0x02df32e52139f0a0u, 0xd0a9877cc62a4740u, 0x59bdcee36b692153u, 0xbc3736a2f4f6779cu}};
static field fp, fn;

__attribute__((constructor)) static void prepare(void) { make_field(&fp, P); make_field(&fn, N); }

typedef struct { num x, y, z; } point; /* Jacobian, Montgomery form; z = 0 is infinity */

static point twice(point a) {
  num delta = mul(&fp, a.z, a.z), gamma = mul(&fp, a.y, a.y), beta = mul(&fp, a.x, gamma);
  num t = mul(&fp, sub(&fp, a.x, delta), add(&fp, a.x, delta)), alpha = add(&fp, add(&fp, t, t), t);
  num beta4 = add(&fp, add(&fp, beta, beta), add(&fp, beta, beta)), g2 = mul(&fp, gamma, gamma);
  point r;
  r.x = sub(&fp, mul(&fp, alpha, alpha), add(&fp, beta4, beta4));
  num yz = add(&fp, a.y, a.z);
  r.z = sub(&fp, sub(&fp, mul(&fp, yz, yz), gamma), delta);
  num g8 = add(&fp, g2, g2);
  g8 = add(&fp, g8, g8);
  g8 = add(&fp, g8, g8);
  r.y = sub(&fp, mul(&fp, alpha, sub(&fp, beta4, r.x)), g8);
  return r;
}
static point plus(point a, point b) {
  if (is_zero(&a.z)) return b;
  if (is_zero(&b.z)) return a;
  num za = mul(&fp, a.z, a.z), zb = mul(&fp, b.z, b.z), u1 = mul(&fp, a.x, zb), u2 = mul(&fp, b.x, za);
  num s1 = mul(&fp, a.y, mul(&fp, zb, b.z)), s2 = mul(&fp, b.y, mul(&fp, za, a.z));
  num h = sub(&fp, u2, u1), r = sub(&fp, s2, s1);
  if (is_zero(&h)) return is_zero(&r) ? twice(a) : (point){{{0}}, {{0}}, {{0}}};
  num h2 = mul(&fp, h, h), h3 = mul(&fp, h2, h), v = mul(&fp, u1, h2);
  point out;
  out.x = sub(&fp, sub(&fp, mul(&fp, r, r), h3), add(&fp, v, v));
  out.y = sub(&fp, mul(&fp, r, sub(&fp, v, out.x)), mul(&fp, s1, h3));
  out.z = mul(&fp, h, mul(&fp, a.z, b.z));
  return out;
}
static point times(num k, point a) {
  point r = {{{0}}, {{0}}, {{0}}};
  for (int i = 255; i >= 0; i--) {
    r = twice(r);
    if (k.v[i / 64] >> (i % 64) & 1) r = plus(r, a);
  }
  return r;
}
static point base(void) { return (point){enter(&fp, GX), enter(&fp, GY), fp.one}; }
static int load_point(point *out, const sm2_point *in) {
  num x = from_bytes(in->xy), y = from_bytes(in->xy + 32), mx = enter(&fp, x), my = enter(&fp, y);
  if (compare(&x, &P) >= 0 || compare(&y, &P) >= 0) return -1;
  num right = add(&fp, mul(&fp, mul(&fp, mx, mx), mx), enter(&fp, B));
  right = sub(&fp, right, add(&fp, add(&fp, mx, mx), mx)); /* a = p - 3 */
  num left = mul(&fp, my, my);
  *out = (point){mx, my, fp.one};
  return compare(&left, &right) == 0 ? 0 : -1;
}
static int store_point(sm2_point *out, point a) {
  if (is_zero(&a.z)) return -1;
  num i = invert(&fp, a.z), i2 = mul(&fp, i, i), x = leave(&fp, mul(&fp, a.x, i2)), y = leave(&fp, mul(&fp, a.y, mul(&fp, i2, i)));
  to_bytes(out->xy, &x);
  to_bytes(out->xy + 32, &y);
  return 0;
}

/* ---- SM2, GB/T 32918.2 to .4 --------------------------------------------------------------------------------------- */

static num mod_n(num x) { if (compare(&x, &N) >= 0) sub_raw(&x, &x, &N); return x; }
static num mul_n(num a, num b) { return leave(&fn, mul(&fn, enter(&fn, a), enter(&fn, b))); }

void sm2_random_scalar(uint8_t scalar[32]) {
  FILE *f = fopen("/dev/urandom", "rb");
  num k;
  do {
    if (!f || fread(scalar, 1, 32, f) != 32) abort();
    k = from_bytes(scalar);
  } while (is_zero(&k) || compare(&k, &N) >= 0);
  fclose(f);
}
int sm2_public_key(sm2_point *out, const uint8_t d[32]) { return store_point(out, times(from_bytes(d), base())); }

int sm2_sign(uint8_t rb[32], uint8_t sb[32], const uint8_t db[32], const uint8_t eb[32]) {
  num d = from_bytes(db), e = mod_n(from_bytes(eb)), r, s, rk;
  do {
    uint8_t kb[32];
    sm2_point kg;
    sm2_random_scalar(kb);
    if (sm2_public_key(&kg, kb)) return -1;
    num k = from_bytes(kb);
    r = add(&fn, e, mod_n(from_bytes(kg.xy)));
    rk = add(&fn, r, k);
    num d1 = add(&fn, d, (num){{1, 0, 0, 0}}), inverse = leave(&fn, invert(&fn, enter(&fn, d1)));
    s = mul_n(inverse, sub(&fn, k, mul_n(r, d)));
  } while (is_zero(&r) || is_zero(&rk) || is_zero(&s));
  to_bytes(rb, &r);
  to_bytes(sb, &s);
  return 0;
}

int sm2_verify(const sm2_point *key, const uint8_t eb[32], const uint8_t rb[32], const uint8_t sb[32]) {
  num r = from_bytes(rb), s = from_bytes(sb);
  point p;
  sm2_point sum;
  if (is_zero(&r) || is_zero(&s) || compare(&r, &N) >= 0 || compare(&s, &N) >= 0 || load_point(&p, key)) return -2;
  num t = add(&fn, r, s);
  if (is_zero(&t) || store_point(&sum, plus(times(s, base()), times(t, p)))) return -1;
  num v = add(&fn, mod_n(from_bytes(eb)), mod_n(from_bytes(sum.xy)));
  return compare(&v, &r) == 0 ? 0 : -1;
}

int sm2_encrypt(const sm2_point *key, const uint8_t *text, size_t length, sm2_point *c1, uint8_t c3[32], uint8_t *c2) {
  uint8_t k[32];
  point p;
  sm2_point shared;
  sm2_random_scalar(k);
  if (load_point(&p, key) || sm2_public_key(c1, k) || store_point(&shared, times(from_bytes(k), p))) return -1;
  sm2_kdf(c2, length, &(part){shared.xy, 64}, 1);
  for (size_t i = 0; i < length; i++) c2[i] ^= text[i];
  sm3(c3, (part[]){{shared.xy, 32}, {text, length}, {shared.xy + 32, 32}}, 3);
  return 0;
}

/* Z = SM3(ENTL || ID || a || b || G || P). */
static void z_value(uint8_t z[32], const sm2_party *party) {
  uint8_t entl[2] = {(uint8_t)(party->id_length * 8 >> 8), (uint8_t)(party->id_length * 8)}, curve[128];
  num a;
  sub_raw(&a, &P, &(num){{3, 0, 0, 0}});
  to_bytes(curve, &a);
  to_bytes(curve + 32, &B);
  to_bytes(curve + 64, &GX);
  to_bytes(curve + 96, &GY);
  sm3(z, (part[]){{entl, 2}, {party->id, party->id_length}, {curve, 128}, {party->key.xy, 64}}, 4);
}

/* x~ = 2^127 + (x mod 2^127) */
static num shortened(const sm2_point *p) {
  num x = from_bytes(p->xy);
  x.v[2] = x.v[3] = 0;
  x.v[1] |= 1ull << 63;
  return x;
}

int sm2_agree(uint8_t key[16], int initiator, const sm2_party *own, const uint8_t d[32], const uint8_t r[32], const sm2_party *peer) {
  point p, e;
  sm2_point u;
  uint8_t zo[32], zp[32];
  if (load_point(&p, &peer->key) || load_point(&e, &peer->ephemeral)) return -1;
  num t = add(&fn, from_bytes(d), mul_n(shortened(&own->ephemeral), from_bytes(r)));
  if (store_point(&u, times(t, plus(p, times(shortened(&peer->ephemeral), e))))) return -1;
  z_value(zo, own);
  z_value(zp, peer);
  sm2_kdf(key, 16, (part[]){{u.xy, 64}, {initiator ? zo : zp, 32}, {initiator ? zp : zo, 32}}, 3);
  return 0;
}
