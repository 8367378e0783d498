"""Golden values of the element rule and of the host's random numbers, from the rule's text alone.

Run: python3 Tests/Goldens/philox.py     prints the numbers frozen in Tests/IRTests/Random*.swift
"""

import math

M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & M32, (p0 >> 32) ^ c[3] ^ k[1], p0 & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def splitmix64(x):
    z = (x + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def stream_key(seed, stream):
    k = splitmix64(seed ^ (stream * 0x9E3779B97F4A7C15 & M64))
    return [k & M32, k >> 32]


def value16(seed, stream, step, columns, row, column):
    e = row * ((columns + 15) // 16 * 16) + column
    s, w, i = e // 64, (e // 16) % 4, e % 16
    block = s * 8 + i % 8
    out = philox([block & M32, block >> 32, step & M32, step >> 32], stream_key(seed, stream))
    return (out[w] >> (16 if i >= 8 else 0)) & 0xFFFF


def bits(seed, stream, index):
    return philox([index & M32, index >> 32, M32, M32], stream_key(seed, stream))


def bits64(seed, stream, index):
    b = bits(seed, stream, index)
    return b[1] << 32 | b[0]


def normals(seed, stream, pair):
    b = bits(seed, stream, pair)
    u = 1 - ((b[1] << 32 | b[0]) >> 11) * 2.0**-53
    angle = 2 * math.pi * ((b[3] << 32 | b[2]) >> 11) * 2.0**-53
    r = math.sqrt(-2 * math.log(u))
    return r * math.cos(angle), r * math.sin(angle)


def permutation(seed, stream, count):
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        j = bits64(seed, stream, last) * (last + 1) >> 64
        order[last], order[j] = order[j], order[last]
    return order


for x in (0, 1, 42, M64):
    print("splitmix64", x, hex(splitmix64(x)))
for args in [
    (0, 0, 0, 32, 0, 0), (0, 0, 0, 32, 0, 8), (1, 2, 3, 32, 1, 31), (42, 7, 1000, 20, 5, 19),
    (42, 7, 1000, 1, 65, 0), (0x123456789ABCDEF0, 12, 1 << 33, 768, 1023, 767),
    (9, 1, 4, 3072, 99_000_000, 3000), (M64, M64, M64, 64, 3, 40),
]:
    print("value16", args, hex(value16(*args)))
print("uniformFloat", [(bits(5, 6, i // 4)[i % 4] >> 8) * 2.0**-24 for i in range(6)])
print("uniformDouble", [(bits64(5, 6, i) >> 11) * 2.0**-53 for i in range(3)])
print("normal", [x for pair in range(3) for x in normals(5, 6, pair)])
print("permutation", permutation(5, 6, 12))
