// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni-256 %}
// Products with every format, in f32 and with int8 blocks, for every shape of a micro-kernel.

kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @f32 : !graph.weight<64x96, f32> at @f0, 0
tile.pack @pack.f32 of [@f32] order p16
graph.weight @f16 : !graph.weight<64x96, f16> at @f0, 0
tile.pack @pack.f16 of [@f16] order p16
graph.weight @bf16 : !graph.weight<64x96, bf16> at @f0, 0
tile.pack @pack.bf16 of [@bf16] order p16
graph.weight @q4_0 : !graph.weight<64x96, q4_0> at @f0, 0
tile.pack @pack.q4_0 of [@q4_0] order p16
graph.weight @q4_1 : !graph.weight<64x96, q4_1> at @f0, 0
tile.pack @pack.q4_1 of [@q4_1] order p16
graph.weight @q8_0 : !graph.weight<64x96, q8_0> at @f0, 0
tile.pack @pack.q8_0 of [@q8_0] order p16
graph.weight @bias : !graph.weight<64, f32> at @f0, 0
tile.pack @pack.bias of [@bias] order vector
tile.buffer @x[tokens, 96]
tile.buffer @out[tokens, 64]

// 11 rows are 4 + 4 + 3 or 6 + 5 of them; 64 rows of the weight are 4 groups.
tile.phase @float_f32 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.f32[%c0] : !tile.matrix<64x96, f32, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, f32, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @float_f16 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.f16[%c0] : !tile.matrix<64x96, f16, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, f16, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @float_bf16 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.bf16[%c0] : !tile.matrix<64x96, bf16, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, bf16, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @float_q4_0 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q4_0[%c0] : !tile.matrix<64x96, q4_0, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, q4_0, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @float_q4_1 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q4_1[%c0] : !tile.matrix<64x96, q4_1, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, q4_1, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @float_q8_0 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q8_0[%c0] : !tile.matrix<64x96, q8_0, p16>
  %y = tile.product %x, %w : !tile.tile<11x96>, !tile.matrix<64x96, q8_0, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

// A phase reads several packs.
tile.phase @float_bias reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x96>
  %w = tile.weights @pack.bf16[%c0] : !tile.matrix<64x96, bf16, p16>
  %y = tile.product %x, %w : !tile.tile<1x96>, !tile.matrix<64x96, bf16, p16> -> !tile.tile<1x64>
  %b = tile.vector @pack.bias[%c0] : !tile.tile<1x64>
  %z = tile.map(%y, %b : !tile.tile<1x64>, !tile.tile<1x64>) -> !tile.tile<1x64> {
  ^bb0(%p: f32, %q: f32):
    %0 = arith.addf %p, %q : f32
    tile.yield %0
  }
  tile.store %z, @out[%c0, %c0] : !tile.tile<1x64>
}

// Three groups of 16 rows do not come in pairs.
tile.phase @float_three_groups reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.f16[%c0] : !tile.matrix<48x96, f16, p16>
  %y = tile.product %x, %w : !tile.tile<7x96>, !tile.matrix<48x96, f16, p16> -> !tile.tile<7x48>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x48>
}

// One row, some rows of the pack, and sums that begin with a tile.
tile.phase @float_one_row reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x96>
  %w = tile.weights @pack.q4_1[%c1] : !tile.matrix<16x96, q4_1, p16>
  %y = tile.product %x, %w : !tile.tile<1x96>, !tile.matrix<16x96, q4_1, p16> -> !tile.tile<1x16>
  tile.store %y, @out[%c0, %c0] : !tile.tile<1x16>
}

tile.phase @float_accumulator reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.f16[%c1] : !tile.matrix<32x96, f16, p16>
  %a = tile.fill 0.5 : !tile.tile<7x32>
  %y = tile.product %x, %w into %a : !tile.tile<7x96>, !tile.matrix<32x96, f16, p16> into !tile.tile<7x32> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

// Codes at both ends of their range times activations of 127 and -127 must not saturate.
tile.phase @int8_q4_0 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q4_0[%c0] : !tile.matrix<64x96, q4_0, p16>
  %q = tile.quantize %x : !tile.tile<11x96> -> !tile.qtile<11x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<11x96, block = 32>, !tile.matrix<64x96, q4_0, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @int8_q4_1 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q4_1[%c0] : !tile.matrix<64x96, q4_1, p16>
  %q = tile.quantize %x : !tile.tile<11x96> -> !tile.qtile<11x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<11x96, block = 32>, !tile.matrix<64x96, q4_1, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @int8_q8_0 reference @r bucket 11 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<11x96>
  %w = tile.weights @pack.q8_0[%c0] : !tile.matrix<64x96, q8_0, p16>
  %q = tile.quantize %x : !tile.tile<11x96> -> !tile.qtile<11x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<11x96, block = 32>, !tile.matrix<64x96, q8_0, p16> -> !tile.tile<11x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<11x64>
}

tile.phase @int8_one_row reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x96>
  %w = tile.weights @pack.q8_0[%c1] : !tile.matrix<32x96, q8_0, p16>
  %q = tile.quantize %x : !tile.tile<1x96> -> !tile.qtile<1x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<1x96, block = 32>, !tile.matrix<32x96, q8_0, p16> -> !tile.tile<1x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<1x32>
}

tile.phase @int8_accumulator reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.q4_0[%c1] : !tile.matrix<16x96, q4_0, p16>
  %q = tile.quantize %x : !tile.tile<7x96> -> !tile.qtile<7x96, block = 32>
  %a = tile.fill 0.5 : !tile.tile<7x16>
  %y = tile.product %q, %w into %a instruction "@INSTRUCTION@" : !tile.qtile<7x96, block = 32>, !tile.matrix<16x96, q4_0, p16> into !tile.tile<7x16> -> !tile.tile<7x16>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x16>
}

// Rows of an int8 tile, as a product takes them.
tile.phase @int8_rows reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<5x96>
  %q = tile.quantize %x : !tile.tile<5x96> -> !tile.qtile<5x96, block = 32>
  %p = tile.rows %q[%c3] : !tile.qtile<5x96, block = 32> -> !tile.qtile<2x96, block = 32>
  %w = tile.weights @pack.q8_0[%c0] : !tile.matrix<64x96, q8_0, p16>
  %y = tile.product %p, %w instruction "@INSTRUCTION@" : !tile.qtile<2x96, block = 32>, !tile.matrix<64x96, q8_0, p16> -> !tile.tile<2x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<2x64>
}

// Rows of a float tile.
tile.phase @float_rows reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<5x96>
  %p = tile.rows %x[%c3] : !tile.tile<5x96> -> !tile.tile<2x96>
  %w = tile.weights @pack.f32[%c0] : !tile.matrix<64x96, f32, p16>
  %y = tile.product %p, %w : !tile.tile<2x96>, !tile.matrix<64x96, f32, p16> -> !tile.tile<2x64>
  tile.store %y, @out[%c0, %c0] : !tile.tile<2x64>
}
