// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=lower})" --split-input-file --verify-diagnostics
// Programs that do not compute the dataflow that was recorded of their functions.

module attributes {frit.dataflow = [{calls = [
    {computes = @a, reads = array<i64>, writes = array<i64: 0>},
    {computes = @b, reads = array<i64: 0>, writes = array<i64: 1>}],
    name = "forward", returns = array<i64: 1>}]} {
  kernel.reference @a(%tok: !graph.tokens, %w: !graph.weight<8x32, f32>) -> tensor<?x32xf32> {
    %x = graph.embed %tok, %w : !graph.weight<8x32, f32>
    kernel.yield %x : tensor<?x32xf32>
  }
  kernel.reference @b(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    %y = graph.activation %x relu : tensor<?x32xf32>
    kernel.yield %y : tensor<?x32xf32>
  }
  tile.buffer @first[tokens, 32]
  tile.buffer @second[tokens, 32]
  tile.buffer @third[tokens, 32]
  tile.phase @a.m1 reference @a bucket 1 inputs [] outputs [@first] {
  }
  tile.phase @b.m1 reference @b bucket 1 inputs [@second] outputs [@third] {
  }
  // expected-error @+1 {{program decode: step 1 (b.m1): reads result 0 of a (row 0) in bytes 128 to 256 of the workspace, of which 128 bytes were never written}}
  tile.program @decode max_tokens 1 logits @third {
    tile.run @a.m1
    tile.run @b.m1
  }
}

// -----

// The dataflow is that of other functions.
module attributes {frit.dataflow = [{calls = [
    {computes = @b, reads = array<i64>, writes = array<i64: 0>}], name = "forward", returns = array<i64: 0>}]} {
  kernel.reference @a(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    kernel.yield %x : tensor<?x32xf32>
  }
  tile.buffer @out[tokens, 32]
  tile.phase @a.m1 reference @a bucket 1 inputs [@out] outputs [@out] {
  }
  // expected-error @+1 {{frit.dataflow: expected a function that begins with a}}
  tile.program @decode max_tokens 1 logits @out {
    tile.run @a.m1
  }
}

// -----

module attributes {frit.dataflow = [{calls = [
    {computes = @a, reads = array<i64: 7>, writes = array<i64: 0>}], name = "forward", returns = array<i64: 0>}]} {
  kernel.reference @a(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    kernel.yield %x : tensor<?x32xf32>
  }
  tile.buffer @out[tokens, 32]
  tile.phase @a.m1 reference @a bucket 1 inputs [@out] outputs [@out] {
  }
  // expected-error @+1 {{frit.dataflow: expected values that are computed before they are read}}
  tile.program @decode max_tokens 1 logits @out {
    tile.run @a.m1
  }
}

// -----

module attributes {frit.dataflow = [{calls = [
    {computes = @a, reads = array<i64>, writes = array<i64: 0, 1>}], name = "forward", returns = array<i64: 0>}]} {
  kernel.reference @a(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    kernel.yield %x : tensor<?x32xf32>
  }
  tile.buffer @out[tokens, 32]
  tile.phase @a.m1 reference @a bucket 1 inputs [@out] outputs [@out] {
  }
  // expected-error @+1 {{frit.dataflow: expected as many results as the kernel.reference has}}
  tile.program @decode max_tokens 1 logits @out {
    tile.run @a.m1
  }
}

// -----

module attributes {frit.dataflow = []} {
  kernel.reference @a(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    kernel.yield %x : tensor<?x32xf32>
  }
  tile.buffer @out[tokens, 32]
  tile.phase @a.m1 reference @a bucket 1 {
  }
  // expected-error @+1 {{expected phase a.m1 to name its kernel.reference, inputs and outputs}}
  tile.program @decode max_tokens 1 logits @out {
    tile.run @a.m1
  }
}

// -----

module attributes {frit.dataflow = []} {
  tile.buffer @out[tokens, 32]
  // expected-error @+1 {{expected steps in a program}}
  tile.program @decode max_tokens 1 logits @out {
  }
}
