// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=schedule})" --split-input-file --verify-diagnostics
// What the shares of a phase may not do.

// Every core stores the same rows.
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @out[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %x = tile.load @in[%c0, %c0] : !tile.tile<1x32>
  // expected-error @+1 {{'tile.store' op expected to be in a share, but every core does it}}
  tile.store %x, @out[%c0, %c0] : !tile.tile<1x32>
}

// -----

// Columns 16 to 31 of two shares overlap.
kernel.reference @r(%x: tensor<?x48xf32>) -> tensor<?x48xf32> {
  kernel.yield %x : tensor<?x48xf32>
}
tile.buffer @in[tokens, 48]
tile.buffer @out[tokens, 48]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %lo, %hi, %step = tile.shares %c2
  scf.for %s = %lo to %hi step %step {
    %c = arith.muli %s, %c16 : index
    %x = tile.load @in[%c0, %c] : !tile.tile<1x32>
    // expected-error @+2 {{'tile.store' op writes row 0, column 16 of out, with 1 tokens, which another share writes, too}}
    // expected-note @+1 {{here}}
    tile.store %x, @out[%c0, %c] : !tile.tile<1x32>
  }
}

// -----

// One share too few.
kernel.reference @r(%x: tensor<?x48xf32>) -> tensor<?x48xf32> {
  kernel.yield %x : tensor<?x48xf32>
}
tile.buffer @in[tokens, 48]
tile.buffer @out[tokens, 48]
// expected-error @+1 {{'tile.phase' op expected 48 elements of out to be written with 1 tokens, but got 32}}
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %lo, %hi, %step = tile.shares %c2
  scf.for %s = %lo to %hi step %step {
    %c = arith.muli %s, %c16 : index
    %x = tile.load @in[%c0, %c] : !tile.tile<1x16>
    tile.store %x, @out[%c0, %c] : !tile.tile<1x16>
  }
}

// -----

// In place, and each share reads what the one before it writes.
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @stream[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@stream] outputs [@stream] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %lo, %hi, %step = tile.shares %c2
  scf.for %s = %lo to %hi step %step {
    %c = arith.muli %s, %c16 : index
    %o = arith.subi %c1, %s : index
    %d = arith.muli %o, %c16 : index
    // expected-error @+1 {{'tile.load' op reads row 0, column 16 of stream, which another share writes}}
    %x = tile.load @stream[%c0, %d] : !tile.tile<1x16>
    tile.store %x, @stream[%c0, %c] : !tile.tile<1x16>
  }
}

// -----

// A buffer that nothing says it reads.
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @other[tokens, 32]
tile.buffer @out[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %lo, %hi, %step = tile.shares %c1
  scf.for %s = %lo to %hi step %step {
    // expected-error @+1 {{'tile.load' op expected to read only inputs of the phase}}
    %x = tile.load @other[%c0, %c0] : !tile.tile<1x32>
    tile.store %x, @out[%c0, %c0] : !tile.tile<1x32>
  }
}

// -----

kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @other[tokens, 32]
tile.buffer @out[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %lo, %hi, %step = tile.shares %c1
  scf.for %s = %lo to %hi step %step {
    %x = tile.load @in[%c0, %c0] : !tile.tile<1x32>
    // expected-error @+1 {{'tile.store' op expected to write only outputs of the phase}}
    tile.store %x, @other[%c0, %c0] : !tile.tile<1x32>
  }
}

// -----

// Nothing is written.
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @out[tokens, 32]
// expected-error @+1 {{'tile.phase' op expected to write @out}}
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %n = tile.count tokens
}

// -----

// Where something lies must not depend on what is computed.
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @out[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %i = arith.fptoui %f : f32 to i64
  %row = arith.index_cast %i : i64 to index
  %lo, %hi, %step = tile.shares %c1
  scf.for %s = %lo to %hi step %step {
    %x = tile.load @in[%c0, %c0] : !tile.tile<1x32>
    // expected-error @+1 {{'tile.store' op expected an index that depends only on numbers of tokens and shares}}
    tile.store %x, @out[%row, %c0] : !tile.tile<1x32>
  }
}

// -----

kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
tile.buffer @in[tokens, 32]
tile.buffer @out[tokens, 32]
tile.phase @p.m1 reference @r bucket 1 inputs [@in] outputs [@out] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %lo, %hi, %step = tile.shares %c1
  scf.for %s = %lo to %hi step %step {
    %lo2, %hi2, %step2 = tile.shares %c1
    // expected-error @+1 {{'scf.for' op expected no shares within a share}}
    scf.for %t = %lo2 to %hi2 step %step2 {
      %x = tile.load @in[%c0, %c0] : !tile.tile<1x32>
      tile.store %x, @out[%c0, %c0] : !tile.tile<1x32>
    }
  }
}

// -----

kernel.reference @r(%kv: !kv.cache<2x16, k = <f16>, v = <f16>>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %tok: !graph.tokens) {
  kv.append %kv, %k, %v, %tok : !kv.cache<2x16, k = <f16>, v = <f16>>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  kernel.yield
}
tile.buffer @k[tokens, 32]
tile.buffer @v[tokens, 32]
// expected-error @+1 {{'tile.phase' op expected to append values}}
tile.phase @p.m1 reference @r bucket 1 cache !kv.cache<2x16, k = <f16>, v = <f16>> inputs [@k, @v] outputs [] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %lo, %hi, %step = tile.shares %c1
  scf.for %s = %lo to %hi step %step {
    %x = tile.load @k[%c0, %c0] : !tile.tile<1x32>
    tile.append keys %x[%c0] of %c0 : !tile.tile<1x32>
  }
}
