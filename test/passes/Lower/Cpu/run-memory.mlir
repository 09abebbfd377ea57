// RUN: %if runs-x86-64 %{ %run-phases %s --target x86-64 %}
// RUN: %if runs-x86-64-v3 %{ %run-phases %s --target x86-64-v3 %}
// RUN: %if runs-avx512-vnni %{ %run-phases %s --target avx512-vnni %}
// Buffers, packs and tables are read and written where the runtime keeps them.

kernel.reference @r() {
  kernel.yield
}
graph.file @f0 "f"
graph.weight @f32 : !graph.weight<48x96, f32> at @f0, 0
tile.pack @pack.f32 of [@f32] order p16
graph.weight @f16 : !graph.weight<48x96, f16> at @f0, 0
tile.pack @pack.f16 of [@f16] order p16
graph.weight @bf16 : !graph.weight<48x96, bf16> at @f0, 0
tile.pack @pack.bf16 of [@bf16] order p16
graph.weight @q4_0 : !graph.weight<48x96, q4_0> at @f0, 0
tile.pack @pack.q4_0 of [@q4_0] order p16
graph.weight @q4_1 : !graph.weight<48x96, q4_1> at @f0, 0
tile.pack @pack.q4_1 of [@q4_1] order p16
graph.weight @q8_0 : !graph.weight<48x96, q8_0> at @f0, 0
tile.pack @pack.q8_0 of [@q8_0] order p16
graph.weight @bias : !graph.weight<96, f32> at @f0, 0
tile.pack @pack.vector of [@bias] order vector
tile.buffer @x[tokens, 96]
tile.buffer @out[tokens, 96]

// The rows of tokens, of some of them, and of wanted ones; a tile of some columns.
tile.phase @load reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c13 = arith.constant 13 : index
  %c40 = arith.constant 40 : index
  %n = tile.count wanted
  %a = tile.load @x[%c1, %c13] : !tile.tile<2x19>
  tile.store %a, @out[%c0, %c0] : !tile.tile<2x19>
  %b = tile.load @x[%c0, %c0] valid %n wanted : !tile.tile<3x21>
  tile.store %b, @out[%c0, %c40] : !tile.tile<3x21>
  %c = tile.load @x[%c1, %c1] wanted : !tile.tile<1x5>
  %c70 = arith.constant 70 : index
  tile.store %c, @out[%c1, %c70] : !tile.tile<1x5>
}

// A tile keeps its values when the phase writes over the buffer it came from.
tile.phase @load_before_store reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<2x96>
  %z = tile.fill 0.0 : !tile.tile<2x96>
  tile.store %z, @x[%c0, %c0] : !tile.tile<2x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<2x96>
}

// What lies behind the last column is left out, whatever the number of columns inside.
tile.phase @store_edge reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %n = tile.count wanted
  %x = tile.load @x[%c0, %c0] : !tile.tile<2x40>
  tile.store %x, @out[%c0, %n] : !tile.tile<2x40>
}

tile.phase @vector reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %v = tile.vector @pack.vector[%c7] : !tile.tile<1x89>
  tile.store %v, @out[%c0, %c0] : !tile.tile<1x89>
}

tile.phase @embed_f32 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.f32[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

tile.phase @embed_f16 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.f16[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

tile.phase @embed_bf16 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.bf16[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

tile.phase @embed_q4_0 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.q4_0[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

tile.phase @embed_q4_1 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.q4_1[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

tile.phase @embed_q8_0 reference @r bucket 4 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.embed @pack.q8_0[%c1] valid %n : !tile.tile<4x96>
  tile.store %x, @out[%c0, %c0] : !tile.tile<4x96>
}

// A share writes its number into its row: every worker another part of them.
tile.phase @shares reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %one = tile.fill 1.0 : !tile.tile<1x96>
  %lo, %hi, %step = tile.shares %n
  scf.for %s = %lo to %hi step %step {
    %x = tile.load @out[%s, %c0] : !tile.tile<1x96>
    %y = tile.map(%x, %one : !tile.tile<1x96>, !tile.tile<1x96>) -> !tile.tile<1x96> {
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      tile.yield %c
    }
    tile.store %y, @out[%s, %c0] : !tile.tile<1x96>
  }
}
tile.phase @shares_cyclic reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %n = tile.count tokens
  %one = tile.fill 1.0 : !tile.tile<1x96>
  %lo, %hi, %step = tile.shares %n cyclic
  scf.for %s = %lo to %hi step %step {
    %x = tile.load @out[%s, %c0] : !tile.tile<1x96>
    %y = tile.map(%x, %one : !tile.tile<1x96>, !tile.tile<1x96>) -> !tile.tile<1x96> {
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      tile.yield %c
    }
    tile.store %y, @out[%s, %c0] : !tile.tile<1x96>
  }
}

// Some rows of a tile of which few are valid: they count, whatever the number was.
tile.phase @rows reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.load @x[%c0, %c0] valid %n : !tile.tile<5x96>
  %p = tile.rows %x[%c1] : !tile.tile<5x96> -> !tile.tile<2x96>
  %y = tile.map(%p : !tile.tile<2x96>) -> !tile.tile<2x96> {
  ^bb0(%a: f32):
    %b = arith.negf %a : f32
    tile.yield %b
  }
  tile.store %y, @out[%c1, %c0] : !tile.tile<2x96>
}

// Heads of a token become rows and go back; a tile of some columns is copied first.
tile.phase @reshape reference @r bucket 3 {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %x = tile.load @x[%c0, %c8] : !tile.tile<3x24>
  %h = tile.reshape %x : !tile.tile<3x24> -> !tile.tile<9x8>
  %s = tile.reduce max %h : !tile.tile<9x8> -> !tile.tile<9x1>
  %y = tile.map(%h, %s : !tile.tile<9x8>, !tile.tile<9x1>) -> !tile.tile<9x8> {
  ^bb0(%a: f32, %b: f32):
    %c = arith.subf %a, %b : f32
    tile.yield %c
  }
  %z = tile.reshape %y : !tile.tile<9x8> -> !tile.tile<3x24>
  tile.store %z, @out[%c0, %c0] : !tile.tile<3x24>
}

// Loops carry tiles; a tile that does not change stays where it is.
tile.phase @carried reference @r bucket 2 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c10 = arith.constant 10 : index
  %x = tile.load @x[%c0, %c0] : !tile.tile<2x10>
  %sum = tile.fill 0.0 : !tile.tile<2x1>
  %r:3 = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %x, %b = %sum, %k = %x) -> (!tile.tile<2x10>, !tile.tile<2x1>, !tile.tile<2x10>) {
    %doubled = tile.map(%a, %k : !tile.tile<2x10>, !tile.tile<2x10>) -> !tile.tile<2x10> {
    ^bb0(%p: f32, %q: f32):
      %0 = arith.addf %p, %q : f32
      tile.yield %0
    }
    %s = tile.reduce add %a : !tile.tile<2x10> -> !tile.tile<2x1>
    %next = tile.map(%b, %s : !tile.tile<2x1>, !tile.tile<2x1>) -> !tile.tile<2x1> {
    ^bb0(%p: f32, %q: f32):
      %0 = arith.addf %p, %q : f32
      tile.yield %0
    }
    scf.yield %doubled, %next, %k : !tile.tile<2x10>, !tile.tile<2x1>, !tile.tile<2x10>
  }
  tile.store %r#0, @out[%c0, %c0] : !tile.tile<2x10>
  tile.store %r#1, @out[%c0, %c10] : !tile.tile<2x1>
}

// A loop that does not run leaves what it began with.
tile.phase @branches reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tile.count tokens
  %x = tile.load @x[%c0, %c0] : !tile.tile<1x96>
  %r = scf.for %i = %c1 to %n step %c1 iter_args(%a = %x) -> (!tile.tile<1x96>) {
    %y = tile.map(%a : !tile.tile<1x96>) -> !tile.tile<1x96> {
    ^bb0(%p: f32):
      %0 = arith.negf %p : f32
      tile.yield %0
    }
    scf.yield %y : !tile.tile<1x96>
  }
  %odd = arith.cmpi eq, %n, %c1 : index
  scf.if %odd {
    tile.store %r, @out[%c0, %c0] : !tile.tile<1x96>
  } else {
    tile.store %x, @out[%c0, %c0] : !tile.tile<1x96>
    tile.store %r, @out[%c1, %c0] : !tile.tile<1x96>
  }
  scf.if %odd {
    tile.store %x, @out[%c1, %c0] : !tile.tile<1x96>
  }
}

// A tile made once, outside of the loop that repeats another, or read elsewhere, begins anew each time.
tile.phase @begun_again reference @r bucket 1 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c10 = arith.constant 10 : index
  %c20 = arith.constant 20 : index
  %one = tile.fill 1.0 : !tile.tile<1x10>
  %two = tile.fill 2.0 : !tile.tile<1x10>
  scf.for %i = %c0 to %c3 step %c1 {
    %r:2 = scf.for %j = %c0 to %c3 step %c1 iter_args(%a = %one, %b = %two) -> (!tile.tile<1x10>, !tile.tile<1x10>) {
      %s = tile.map(%a, %b : !tile.tile<1x10>, !tile.tile<1x10>) -> !tile.tile<1x10> {
      ^bb0(%p: f32, %q: f32):
        %0 = arith.addf %p, %q : f32
        tile.yield %0
      }
      scf.yield %s, %b : !tile.tile<1x10>, !tile.tile<1x10>
    }
    tile.store %r#0, @out[%c0, %c0] : !tile.tile<1x10>
  }
  %three = tile.fill 3.0 : !tile.tile<1x10>
  %u = scf.for %j = %c0 to %c3 step %c1 iter_args(%a = %three) -> (!tile.tile<1x10>) {
    %s = tile.map(%a : !tile.tile<1x10>) -> !tile.tile<1x10> {
    ^bb0(%p: f32):
      %0 = arith.addf %p, %p : f32
      tile.yield %0
    }
    scf.yield %s : !tile.tile<1x10>
  }
  tile.store %u, @out[%c0, %c10] : !tile.tile<1x10>
  tile.store %three, @out[%c0, %c20] : !tile.tile<1x10>
}
