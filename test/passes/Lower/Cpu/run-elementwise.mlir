// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// Maps, reductions and fills give the values of their definition, at every vector width and in tails.

kernel.reference @r() {
  kernel.yield
}
tile.buffer @x[tokens, 43]
tile.buffer @w[tokens, 43]
tile.buffer @out[tokens, 43]

// Rows and columns of one element are repeated; scalars come from inside and outside.
tile.phase @broadcast reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %half = arith.constant 0.5 : f32
  %x = tile.load @x[%c0, %c0] : !tile.tile<3x43>
  %row = tile.load @w[%c0, %c0] : !tile.tile<1x43>
  %column = tile.reduce add %x : !tile.tile<3x43> -> !tile.tile<3x1>
  %single = tile.reduce max %row : !tile.tile<1x43> -> !tile.tile<1x1>
  %y = tile.map(%x, %row, %column, %single : !tile.tile<3x43>, !tile.tile<1x43>, !tile.tile<3x1>, !tile.tile<1x1>) -> !tile.tile<3x43> {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %two = arith.constant 2.0 : f32
    %0 = arith.mulf %b, %two : f32
    %1 = arith.mulf %c, %half : f32
    %2 = arith.addf %a, %0 : f32
    %3 = arith.subf %2, %1 : f32
    %4 = arith.divf %3, %d : f32
    tile.yield %4
  }
  tile.store %y, @out[%c0, %c0] : !tile.tile<3x43>
}

// Only the valid rows of an input are computed.
tile.phase @valid reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %x = tile.load @x[%c0, %c0] valid %n : !tile.tile<3x43>
  %y = tile.map(%x : !tile.tile<3x43>) -> !tile.tile<3x43> {
  ^bb0(%a: f32):
    %b = arith.negf %a : f32
    tile.yield %b
  }
  %s = tile.reduce add %y : !tile.tile<3x43> -> !tile.tile<3x1>
  %z = tile.map(%y, %s : !tile.tile<3x43>, !tile.tile<3x1>) -> !tile.tile<3x43> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.mulf %a, %b : f32
    tile.yield %c
  }
  tile.store %z, @out[%c0, %c0] : !tile.tile<3x43>
}

// A row that is repeated does not say how many rows there are.
tile.phase @repeated_row reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %x = tile.load @x[%c0, %c0] : !tile.tile<3x43>
  %row = tile.load @w[%c0, %c0] valid %n : !tile.tile<1x43>
  %y = tile.map(%x, %row : !tile.tile<3x43>, !tile.tile<1x43>) -> !tile.tile<3x43> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.subf %a, %b : f32
    tile.yield %c
  }
  tile.store %y, @out[%c0, %c0] : !tile.tile<3x43>
}

tile.phase @functions reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x43>
  %exp = tile.map(%x : !tile.tile<1x43>) -> !tile.tile<1x43> {
  ^bb0(%a: f32):
    %b = math.exp %a : f32
    tile.yield %b
  }
  tile.store %exp, @out[%c0, %c0] : !tile.tile<1x43>
  %tanh = tile.map(%x : !tile.tile<1x43>) -> !tile.tile<1x43> {
  ^bb0(%a: f32):
    %b = math.tanh %a : f32
    tile.yield %b
  }
  tile.store %tanh, @out[%c1, %c0] : !tile.tile<1x43>
  %erf = tile.map(%x : !tile.tile<1x43>) -> !tile.tile<1x43> {
  ^bb0(%a: f32):
    %b = math.erf %a : f32
    tile.yield %b
  }
  tile.store %erf, @out[%c2, %c0] : !tile.tile<1x43>
  // Comparisons have values of another type; the larger of two, and a root.
  %select = tile.map(%x : !tile.tile<1x43>) -> !tile.tile<1x43> {
  ^bb0(%a: f32):
    %zero = arith.constant 0.0 : f32
    %positive = arith.cmpf ogt, %a, %zero : f32
    %larger = arith.maxnumf %a, %zero : f32
    %root = math.sqrt %larger : f32
    %b = arith.select %positive, %root, %a : f32
    tile.yield %b
  }
  tile.store %select, @out[%c3, %c0] : !tile.tile<1x43>
}

// Integers and constants of other types.
tile.phase @bits reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x43>
  %y = tile.map(%x : !tile.tile<1x43>) -> !tile.tile<1x43> {
  ^bb0(%a: f32):
    %mask = arith.constant 2147483647 : i32
    %b = arith.bitcast %a : f32 to i32
    %c = arith.andi %b, %mask : i32
    %d = arith.bitcast %c : i32 to f32
    tile.yield %d
  }
  tile.store %y, @out[%c0, %c0] : !tile.tile<1x43>
}

tile.phase @reductions reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<3x43>
  %short = tile.load @x[%c0, %c7] : !tile.tile<3x2>
  %sum = tile.reduce add %x : !tile.tile<3x43> -> !tile.tile<3x1>
  %max = tile.reduce max %x : !tile.tile<3x43> -> !tile.tile<3x1>
  %sum2 = tile.reduce add %short : !tile.tile<3x2> -> !tile.tile<3x1>
  %max2 = tile.reduce max %short : !tile.tile<3x2> -> !tile.tile<3x1>
  %fill = tile.fill -1.5 : !tile.tile<3x43>
  tile.store %fill, @out[%c0, %c0] : !tile.tile<3x43>
  tile.store %sum, @out[%c0, %c0] : !tile.tile<3x1>
  tile.store %max, @out[%c0, %c1] : !tile.tile<3x1>
  %c2 = arith.constant 2 : index
  tile.store %sum2, @out[%c0, %c2] : !tile.tile<3x1>
  %c3 = arith.constant 3 : index
  tile.store %max2, @out[%c0, %c3] : !tile.tile<3x1>
}
