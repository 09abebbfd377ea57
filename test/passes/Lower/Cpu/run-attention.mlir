// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// Attention's ops follow the positions and slots of the tokens, and the layout of the cache.

kernel.reference @r() {
  kernel.yield
}
tile.buffer @x[tokens, 64]
tile.buffer @out[tokens, 64]

// The first 10 elements of each head of 13 rotate; the table is shared by equal rotations.
tile.phase @rotate reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c26 = arith.constant 26 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<3x26>
  %y = tile.rotate %x of %c1 {head_dim = 13, dim = 10, theta = 1.0e4} : !tile.tile<3x26>
  tile.store %y, @out[%c0, %c0] : !tile.tile<3x26>
  %z = tile.load @x[%c0, %c26] : !tile.tile<3x38>
  %w = tile.rotate %z of %c0 {head_dim = 38, dim = 38, theta = 1.0e2, position_scale = 0.5} : !tile.tile<3x38>
  tile.store %w, @out[%c0, %c26] : !tile.tile<3x38>
  %again = tile.rotate %x of %c1 {head_dim = 13, dim = 10, theta = 1.0e4} : !tile.tile<3x26>
}

// Two heads a token, keys 20 to 56.
tile.phase @mask reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c20 = arith.constant 20 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<4x37>
  %y = tile.mask %x of %c1 keys %c20 heads 2 : !tile.tile<4x37>
  tile.store %y, @out[%c0, %c0] : !tile.tile<4x37>
}
tile.phase @mask_window reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c20 = arith.constant 20 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<4x37>
  %y = tile.mask %x of %c1 keys %c20 heads 2 window 5 : !tile.tile<4x37>
  tile.store %y, @out[%c0, %c0] : !tile.tile<4x37>
}

// The blocks of 16 keys in the range leave a mark in their column.
tile.phase @key_range reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %mark = tile.fill 1.0 : !tile.tile<1x1>
  %lo, %hi = tile.key_range %c1, 3 block 16
  scf.for %k = %lo to %hi step %c16 {
    %block = arith.divui %k, %c16 : index
    tile.store %mark, @out[%c0, %block] : !tile.tile<1x1>
  }
  %lo2, %hi2 = tile.key_range %c1, 3 block 16 window 20
  scf.for %k = %lo2 to %hi2 step %c16 {
    %block = arith.divui %k, %c16 : index
    tile.store %mark, @out[%c1, %block] : !tile.tile<1x1>
  }
}

// Two heads of keys of 21 and values of 32 elements, appended and read.
tile.phase @append_f16_f16 reference @r bucket 3 cache !kv.cache<2x21, value_dim = 32, k = <f16>, v = <f16>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = tile.load @x[%c0, %c0] : !tile.tile<3x42>
  tile.append keys %k[%c0] of %c1 : !tile.tile<3x42>
  %v = tile.load @x[%c0, %c0] : !tile.tile<3x32>
  tile.append values %v[%c1] of %c1 : !tile.tile<3x32>
}
tile.phase @read_f16_f16 reference @r bucket 2 cache !kv.cache<2x21, value_dim = 32, k = <f16>, v = <f16>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %q = tile.load @x[%c0, %c0] : !tile.tile<2x21>
  %k = tile.cache keys[%c1, %c64] of %c2 : !tile.matrix<64x21, f16, p16>
  %s = tile.product %q, %k : !tile.tile<2x21>, !tile.matrix<64x21, f16, p16> -> !tile.tile<2x64>
  tile.store %s, @out[%c0, %c0] : !tile.tile<2x64>
  %p = tile.load @x[%c0, %c0] : !tile.tile<2x64>
  %v = tile.cache values[%c1, %c64] of %c2 : !tile.matrix<32x64, f16, columns>
  %o = tile.product %p, %v : !tile.tile<2x64>, !tile.matrix<32x64, f16, columns> -> !tile.tile<2x32>
  tile.store %o, @out[%c2, %c0] : !tile.tile<2x32>
}

// Two heads of keys of 21 and values of 32 elements, appended and read.
tile.phase @append_f32_f32 reference @r bucket 3 cache !kv.cache<2x21, value_dim = 32, k = <f32>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = tile.load @x[%c0, %c0] : !tile.tile<3x42>
  tile.append keys %k[%c0] of %c1 : !tile.tile<3x42>
  %v = tile.load @x[%c0, %c0] : !tile.tile<3x32>
  tile.append values %v[%c1] of %c1 : !tile.tile<3x32>
}
tile.phase @read_f32_f32 reference @r bucket 2 cache !kv.cache<2x21, value_dim = 32, k = <f32>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %q = tile.load @x[%c0, %c0] : !tile.tile<2x21>
  %k = tile.cache keys[%c1, %c64] of %c2 : !tile.matrix<64x21, f32, p16>
  %s = tile.product %q, %k : !tile.tile<2x21>, !tile.matrix<64x21, f32, p16> -> !tile.tile<2x64>
  tile.store %s, @out[%c0, %c0] : !tile.tile<2x64>
  %p = tile.load @x[%c0, %c0] : !tile.tile<2x64>
  %v = tile.cache values[%c1, %c64] of %c2 : !tile.matrix<32x64, f32, columns>
  %o = tile.product %p, %v : !tile.tile<2x64>, !tile.matrix<32x64, f32, columns> -> !tile.tile<2x32>
  tile.store %o, @out[%c2, %c0] : !tile.tile<2x32>
}

// Two heads of keys of 21 and values of 32 elements, appended and read.
tile.phase @append_f16_f32 reference @r bucket 3 cache !kv.cache<2x21, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = tile.load @x[%c0, %c0] : !tile.tile<3x42>
  tile.append keys %k[%c0] of %c1 : !tile.tile<3x42>
  %v = tile.load @x[%c0, %c0] : !tile.tile<3x32>
  tile.append values %v[%c1] of %c1 : !tile.tile<3x32>
}
tile.phase @read_f16_f32 reference @r bucket 2 cache !kv.cache<2x21, value_dim = 32, k = <f16>, v = <f32>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %q = tile.load @x[%c0, %c0] : !tile.tile<2x21>
  %k = tile.cache keys[%c1, %c64] of %c2 : !tile.matrix<64x21, f16, p16>
  %s = tile.product %q, %k : !tile.tile<2x21>, !tile.matrix<64x21, f16, p16> -> !tile.tile<2x64>
  tile.store %s, @out[%c0, %c0] : !tile.tile<2x64>
  %p = tile.load @x[%c0, %c0] : !tile.tile<2x64>
  %v = tile.cache values[%c1, %c64] of %c2 : !tile.matrix<32x64, f32, columns>
  %o = tile.product %p, %v : !tile.tile<2x64>, !tile.matrix<32x64, f32, columns> -> !tile.tile<2x32>
  tile.store %o, @out[%c2, %c0] : !tile.tile<2x32>
}
