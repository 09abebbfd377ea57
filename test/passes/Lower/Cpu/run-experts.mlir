// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// The experts of tokens, the lists of their parts, and rows by way of these lists.

kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @matrices : !graph.weight<5x40x32, f32> at [@f0], [0]
}
tile.pack @pack of [@block::@matrices] order p16
tile.buffer @scores[tokens, 37]
tile.buffer @keys[tokens, 37]
tile.buffer @routes[tokens, 4]
tile.buffer @x[tokens, 32]
tile.buffer @parts[tokens, 64]
tile.buffer @out[tokens, 80]

tile.phase @top reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %w = tile.load @scores[%c0, %c0] valid %n : !tile.tile<9x37>
  %k = tile.load @keys[%c0, %c0] valid %n : !tile.tile<9x37>
  %r = tile.top %w by %k {normalize, scale = 2.5} : !tile.tile<9x37> -> !tile.tile<9x10>
  tile.store %r, @out[%c0, %c0] : !tile.tile<9x10>
}
tile.phase @top_all reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %w = tile.load @scores[%c0, %c0] : !tile.tile<1x3>
  %r = tile.top %w by %w : !tile.tile<1x3> -> !tile.tile<1x6>
  tile.store %r, @out[%c0, %c0] : !tile.tile<1x6>
}

// Row i of the result: number, first and end of the i-th expert with parts; behind them, how many there are.
tile.phase @lists reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %r = tile.load @routes[%c0, %c0] valid %n : !tile.tile<9x4>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<9x4> -> !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  scf.for %i = %c0 to %active step %c1 {
    %e, %first, %end = tile.expert %d[%i] : !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    %one = tile.fill 1.0 : !tile.tile<1x1>
    tile.store %one, @out[%i, %e] : !tile.tile<1x1>
    scf.for %p = %first to %end step %c1 {
      %c20 = arith.constant 20 : index
      %column = arith.addi %p, %c20 : index
      tile.store %one, @out[%i, %column] : !tile.tile<1x1>
    }
  }
}

// Part s of token t: its product with the matrix of expert s, of 40 rows, in shares of 16.
tile.phase @each reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c16 = arith.constant 16 : index
  %n = tile.count tokens
  %r = tile.load @routes[%c0, %c0] valid %n : !tile.tile<9x4>
  %x = tile.load @x[%c0, %c0] valid %n : !tile.tile<9x32>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<9x4> -> !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  %total = arith.muli %active, %c3 : index
  %lo, %hi, %step = tile.shares %total cyclic
  scf.for %s = %lo to %hi step %step {
    %i = arith.divui %s, %c3 : index
    %rows = arith.remui %s, %c3 : index
    %e, %first, %end = tile.expert %d[%i] : !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    %base = arith.muli %e, %c3 : index
    %tile = arith.addi %base, %rows : index
    %w = tile.weights @pack[%tile] : !tile.matrix<16x32, f32, p16>
    %column = arith.muli %rows, %c16 : index
    scf.for %p = %first to %end step %c3 {
      %left = arith.subi %end, %p : index
      %valid = arith.minui %left, %c3 : index
      %g = tile.gather %x of %d[%p] : !tile.tile<9x32>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3> -> !tile.tile<3x32>
      %y = tile.product %g, %w : !tile.tile<3x32>, !tile.matrix<16x32, f32, p16> -> !tile.tile<3x16>
      tile.scatter %y, @out[%column] of %d[%p] valid %valid : !tile.tile<3x16>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    }
  }
}

// The sum over the parts of a token, of the first 16 rows of the matrices; the parts come by way of a copy.
tile.phase @sum reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %n = tile.count tokens
  %r = tile.load @routes[%c0, %c0] valid %n : !tile.tile<9x4>
  %empty = tile.empty : !tile.tile<9x64>
  %rows = scf.for %row = %c0 to %n step %c3 iter_args(%all = %empty) -> (!tile.tile<9x64>) {
    %some = tile.load @parts[%row, %c0] : !tile.tile<3x64>
    %next = tile.insert %some into %all[%row] : !tile.tile<3x64> into !tile.tile<9x64>
    scf.yield %next : !tile.tile<9x64>
  }
  %x = tile.reshape %rows : !tile.tile<9x64> -> !tile.tile<18x32>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<9x4> -> !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  %zero = tile.fill 0.0 valid %n : !tile.tile<9x16>
  %sum = scf.for %i = %c0 to %active step %c1 iter_args(%outer = %zero) -> (!tile.tile<9x16>) {
    %e, %first, %end = tile.expert %d[%i] : !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    %tile = arith.muli %e, %c3 : index
    %w = tile.weights @pack[%tile] : !tile.matrix<16x32, f32, p16>
    %inner = scf.for %p = %first to %end step %c3 iter_args(%sum = %outer) -> (!tile.tile<9x16>) {
      %left = arith.subi %end, %p : index
      %valid = arith.minui %left, %c3 : index
      %g = tile.gather %x of %d[%p] : !tile.tile<18x32>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3> -> !tile.tile<3x32>
      %y = tile.product %g, %w : !tile.tile<3x32>, !tile.matrix<16x32, f32, p16> -> !tile.tile<3x16>
      %s = tile.combine %y of %d[%p] valid %valid into %sum : !tile.tile<3x16>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3> into !tile.tile<9x16>
      scf.yield %s : !tile.tile<9x16>
    }
    scf.yield %inner : !tile.tile<9x16>
  }
  tile.store %sum, @out[%c0, %c0] : !tile.tile<9x16>
}

// int8 rows are copied, reshaped and gathered as they are.
tile.phase @int8 reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %n = tile.count tokens
  %r = tile.load @routes[%c0, %c0] valid %n : !tile.tile<9x4>
  %empty = tile.empty : !tile.qtile<9x64, block = 32>
  %behind = tile.fill 7.0 : !tile.tile<9x32>
  %rows = scf.for %row = %c0 to %n step %c3 iter_args(%all = %empty) -> (!tile.qtile<9x64, block = 32>) {
    %some = tile.load @parts[%row, %c0] : !tile.tile<3x64>
    %q = tile.quantize %some : !tile.tile<3x64> -> !tile.qtile<3x64, block = 32>
    %next = tile.insert %q into %all[%row] : !tile.qtile<3x64, block = 32> into !tile.qtile<9x64, block = 32>
    scf.yield %next : !tile.qtile<9x64, block = 32>
  }
  tile.store %behind, @x[%c0, %c0] : !tile.tile<9x32>
  %x = tile.reshape %rows : !tile.qtile<9x64, block = 32> -> !tile.qtile<18x32, block = 32>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<9x4> -> !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  scf.for %i = %c0 to %active step %c1 {
    %e, %first, %end = tile.expert %d[%i] : !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    %w = tile.weights @pack8[%e] : !tile.matrix<16x32, q8_0, p16>
    scf.for %p = %first to %end step %c3 {
      %left = arith.subi %end, %p : index
      %valid = arith.minui %left, %c3 : index
      %g = tile.gather %x of %d[%p] : !tile.qtile<18x32, block = 32>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3> -> !tile.qtile<3x32, block = 32>
      %y = tile.product %g, %w instruction "@INSTRUCTION@" : !tile.qtile<3x32, block = 32>, !tile.matrix<16x32, q8_0, p16> -> !tile.tile<3x16>
      tile.scatter %y, @out[%c0] of %d[%p] valid %valid : !tile.tile<3x16>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
    }
  }
}
graph.weights @block8 [1] {
  graph.column @matrices : !graph.weight<5x16x32, q8_0> at [@f0], [0]
}
tile.pack @pack8 of [@block8::@matrices] order p16

// A tile keeps its values when a scatter writes over the buffer it came from; rows of rows.
tile.phase @views reference @r bucket 9 {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = tile.count tokens
  %r = tile.load @routes[%c0, %c0] valid %n : !tile.tile<9x4>
  %d, %active = tile.dispatch %r valid %n : !tile.tile<9x4> -> !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  %x = tile.load @out[%c0, %c0] : !tile.tile<3x32>
  %z = tile.fill 0.0 : !tile.tile<3x32>
  tile.scatter %z, @out[%c0] of %d[%c0] valid %c3 : !tile.tile<3x32>, !tile.dispatch<tokens = 9, top = 2, experts = 5, step = 3>
  tile.store %x, @x[%c0, %c0] : !tile.tile<3x32>
  // By way of a list with a place a token.
  %r1 = tile.load @routes[%c0, %c0] : !tile.tile<3x2>
  %e, %some = tile.dispatch %r1 valid %c3 : !tile.tile<3x2> -> !tile.dispatch<tokens = 3, top = 1, experts = 5, step = 3>
  %p = tile.load @parts[%c0, %c0] : !tile.tile<3x64>
  %once = tile.gather %p of %e[%c0] : !tile.tile<3x64>, !tile.dispatch<tokens = 3, top = 1, experts = 5, step = 3> -> !tile.tile<3x64>
  %twice = tile.gather %once of %e[%c3] : !tile.tile<3x64>, !tile.dispatch<tokens = 3, top = 1, experts = 5, step = 3> -> !tile.tile<3x64>
  tile.store %twice, @parts[%c0, %c0] : !tile.tile<3x64>
}
