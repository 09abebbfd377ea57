// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// Int8 rows that cross a barrier.

kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @q8_0 : !graph.weight<32x96, q8_0> at @f0, 0
tile.pack @pack of [@q8_0] order p16
tile.buffer @x[tokens, 96]
tile.buffer @q[tokens, 96] int8 by 32
tile.buffer @wide[tokens, 192] int8 by 32
tile.buffer @out[tokens, 32]

// Rows of tokens, and of wanted ones.
tile.phase @quantized reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.load @x[%c1, %c0] valid %n : !tile.tile<3x96>
  %q = tile.quantize %x : !tile.tile<3x96> -> !tile.qtile<3x96, block = 32>
  tile.store %q, @q[%c1, %c0] : !tile.qtile<3x96, block = 32>
}
tile.phase @wanted reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %n = tile.count wanted
  %q = tile.load @q[%c0, %c0] valid %n wanted : !tile.qtile<3x96, block = 32>
  tile.store %q, @wide[%c0, %c0] : !tile.qtile<3x96, block = 32>
}

// Some blocks of rows to others, and what lies behind the last column is left out.
tile.phase @blocks reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %n = tile.count wanted
  %q = tile.load @q[%c1, %c32] : !tile.qtile<2x64, block = 32>
  tile.store %q, @wide[%c0, %n] : !tile.qtile<2x64, block = 32>
  tile.store %q, @q[%c0, %c32] : !tile.qtile<2x64, block = 32>
}
tile.phase @edge reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %n = tile.count wanted
  %q = tile.load @wide[%c0, %c0] : !tile.qtile<2x64, block = 32>
  tile.store %q, @q[%c0, %n] : !tile.qtile<2x64, block = 32>
}

tile.phase @product reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %q = tile.load @q[%c0, %c0] valid %n : !tile.qtile<4x96, block = 32>
  %rows = tile.rows %q[%c1] : !tile.qtile<4x96, block = 32> -> !tile.qtile<3x96, block = 32>
  %w = tile.weights @pack[%c0] : !tile.matrix<32x96, q8_0, p16>
  %y = tile.product %rows, %w instruction "@INSTRUCTION@" : !tile.qtile<3x96, block = 32>, !tile.matrix<32x96, q8_0, p16> -> !tile.tile<3x32>
  tile.store %y, @out[%c0, %c0] : !tile.tile<3x32>
}

// Rows of parts: two of 96 columns a token.
tile.phase @scattered reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %n = tile.count tokens
  %r = tile.load @out[%c0, %c0] valid %n : !tile.tile<3x4>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<3x4> -> !tile.dispatch<tokens = 3, top = 2, experts = 5, step = 3>
  %x = tile.load @x[%c0, %c0] valid %n : !tile.tile<3x64>
  %g = tile.gather %x of %d[%c0] : !tile.tile<3x64>, !tile.dispatch<tokens = 3, top = 2, experts = 5, step = 3> -> !tile.tile<3x64>
  %q = tile.quantize %g : !tile.tile<3x64> -> !tile.qtile<3x64, block = 32>
  tile.scatter %q, @wide[%c32] of %d[%c0] valid %n : !tile.qtile<3x64, block = 32>, !tile.dispatch<tokens = 3, top = 2, experts = 5, step = 3>
}
// The rows of tokens taken as rows of parts.
tile.phase @reshaped reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %q = tile.load @wide[%c0, %c0] valid %n : !tile.qtile<3x192, block = 32>
  %p = tile.reshape %q : !tile.qtile<3x192, block = 32> -> !tile.qtile<6x96, block = 32>
  %rows = tile.rows %p[%c1] : !tile.qtile<6x96, block = 32> -> !tile.qtile<3x96, block = 32>
  tile.store %rows, @q[%c0, %c0] : !tile.qtile<3x96, block = 32>
}
