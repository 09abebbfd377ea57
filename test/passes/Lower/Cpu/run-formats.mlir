// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni-256 %}
// Formats with several planes of codes, sub-blocks, or levels from a table: as values of an embedding, in f32 products and
// with int8 blocks. run-products.mlir has the shapes of micro-kernels.

kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @q5_0 : !graph.weight<32x96, q5_0> at @f0, 0
tile.pack @pack.q5_0 of [@q5_0] order p16
graph.weight @q5_1 : !graph.weight<32x96, q5_1> at @f0, 0
tile.pack @pack.q5_1 of [@q5_1] order p16
graph.weight @iq4_nl : !graph.weight<32x96, iq4_nl> at @f0, 0
tile.pack @pack.iq4_nl of [@iq4_nl] order p16
graph.weight @mxfp4 : !graph.weight<32x96, mxfp4> at @f0, 0
tile.pack @pack.mxfp4 of [@mxfp4] order p16
graph.weight @q2_k : !graph.weight<32x512, q2_k> at @f0, 0
tile.pack @pack.q2_k of [@q2_k] order p16
graph.weight @q3_k : !graph.weight<32x512, q3_k> at @f0, 0
tile.pack @pack.q3_k of [@q3_k] order p16
graph.weight @q4_k : !graph.weight<32x512, q4_k> at @f0, 0
tile.pack @pack.q4_k of [@q4_k] order p16
graph.weight @q5_k : !graph.weight<32x512, q5_k> at @f0, 0
tile.pack @pack.q5_k of [@q5_k] order p16
graph.weight @q6_k : !graph.weight<32x512, q6_k> at @f0, 0
tile.pack @pack.q6_k of [@q6_k] order p16
graph.weight @iq4_xs : !graph.weight<32x512, iq4_xs> at @f0, 0
tile.pack @pack.iq4_xs of [@iq4_xs] order p16
tile.buffer @x[tokens, 512]
tile.buffer @out[tokens, 512]

tile.phase @embed_q5_0 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q5_0[%c0] : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}
tile.phase @float_q5_0 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.q5_0[%c0] : !tile.matrix<32x96, q5_0, p16>
  %y = tile.product %x, %w : !tile.tile<7x96>, !tile.matrix<32x96, q5_0, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q5_0 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.q5_0[%c0] : !tile.matrix<32x96, q5_0, p16>
  %q = tile.quantize %x : !tile.tile<7x96> -> !tile.qtile<7x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x96, block = 32>, !tile.matrix<32x96, q5_0, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q5_1 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q5_1[%c0] : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}
tile.phase @float_q5_1 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.q5_1[%c0] : !tile.matrix<32x96, q5_1, p16>
  %y = tile.product %x, %w : !tile.tile<7x96>, !tile.matrix<32x96, q5_1, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q5_1 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.q5_1[%c0] : !tile.matrix<32x96, q5_1, p16>
  %q = tile.quantize %x : !tile.tile<7x96> -> !tile.qtile<7x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x96, block = 32>, !tile.matrix<32x96, q5_1, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_iq4_nl reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.iq4_nl[%c0] : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}
tile.phase @float_iq4_nl reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.iq4_nl[%c0] : !tile.matrix<32x96, iq4_nl, p16>
  %y = tile.product %x, %w : !tile.tile<7x96>, !tile.matrix<32x96, iq4_nl, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_iq4_nl reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.iq4_nl[%c0] : !tile.matrix<32x96, iq4_nl, p16>
  %q = tile.quantize %x : !tile.tile<7x96> -> !tile.qtile<7x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x96, block = 32>, !tile.matrix<32x96, iq4_nl, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_mxfp4 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.mxfp4[%c0] : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}
tile.phase @float_mxfp4 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.mxfp4[%c0] : !tile.matrix<32x96, mxfp4, p16>
  %y = tile.product %x, %w : !tile.tile<7x96>, !tile.matrix<32x96, mxfp4, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_mxfp4 reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x96>
  %w = tile.weights @pack.mxfp4[%c0] : !tile.matrix<32x96, mxfp4, p16>
  %q = tile.quantize %x : !tile.tile<7x96> -> !tile.qtile<7x96, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x96, block = 32>, !tile.matrix<32x96, mxfp4, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q2_k reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q2_k[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_q2_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q2_k[%c0] : !tile.matrix<32x512, q2_k, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, q2_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q2_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q2_k[%c0] : !tile.matrix<32x512, q2_k, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, q2_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q3_k reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q3_k[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_q3_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q3_k[%c0] : !tile.matrix<32x512, q3_k, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, q3_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q3_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q3_k[%c0] : !tile.matrix<32x512, q3_k, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, q3_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q4_k reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q4_k[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_q4_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q4_k[%c0] : !tile.matrix<32x512, q4_k, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, q4_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q4_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q4_k[%c0] : !tile.matrix<32x512, q4_k, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, q4_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q5_k reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q5_k[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_q5_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q5_k[%c0] : !tile.matrix<32x512, q5_k, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, q5_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q5_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q5_k[%c0] : !tile.matrix<32x512, q5_k, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, q5_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_q6_k reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.q6_k[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_q6_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q6_k[%c0] : !tile.matrix<32x512, q6_k, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, q6_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_q6_k reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.q6_k[%c0] : !tile.matrix<32x512, q6_k, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, q6_k, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}

tile.phase @embed_iq4_xs reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %x = tile.embed @pack.iq4_xs[%c0] : !tile.tile<4x512>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x512>
}
tile.phase @float_iq4_xs reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.iq4_xs[%c0] : !tile.matrix<32x512, iq4_xs, p16>
  %y = tile.product %x, %w : !tile.tile<7x512>, !tile.matrix<32x512, iq4_xs, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
tile.phase @int8_iq4_xs reference @r bucket 7 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<7x512>
  %w = tile.weights @pack.iq4_xs[%c0] : !tile.matrix<32x512, iq4_xs, p16>
  %q = tile.quantize %x : !tile.tile<7x512> -> !tile.qtile<7x512, block = 32>
  %y = tile.product %q, %w instruction "@INSTRUCTION@" : !tile.qtile<7x512, block = 32>, !tile.matrix<32x512, iq4_xs, p16> -> !tile.tile<7x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<7x32>
}
