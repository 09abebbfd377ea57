// RUN: frit-translate --frit-interpret --split-input-file --verify-diagnostics --weights-dir=%S/Inputs %s
// RUN: frit-translate --frit-interpret --precision=f64 --split-input-file --verify-diagnostics --weights-dir=%S/Inputs %s

// expected-error @+1 {{expected a graph.func without arguments to run}}
module {
  graph.func @takes_tokens(%tok: !graph.tokens) {
    graph.return
  }
}

// -----

graph.file @f "missing.bin"
graph.weight @w : !graph.weight<4, f32> at @f, 0
graph.func @missing_file() {
  // expected-error @+1 {{missing.bin: cannot open the file: No such file or directory}}
  %w = graph.param @w : !graph.weight<4, f32>
  graph.return
}

// -----

graph.file @f "../Inputs"
graph.weight @w : !graph.weight<4, f32> at @f, 0
graph.func @directory() {
  // expected-error @+1 {{Inputs: is a directory, expected a regular file}}
  %w = graph.param @w : !graph.weight<4, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<5, f32> at @f, 48
graph.func @range_end() {
  // expected-error @+1 {{expected 20 bytes of @w at byte 48 of @f, but the file has 64 bytes}}
  %w = graph.param @w : !graph.weight<5, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<1, f32> at @f, 9223372036854775807
graph.func @range_start() {
  // expected-error @+1 {{expected 4 bytes of @w at byte 9223372036854775807 of @f, but the file has 64 bytes}}
  %w = graph.param @w : !graph.weight<1, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<16777216x1073741824, f32> at @f, 0
graph.func @range_huge() {
  // expected-error @+1 {{expected 72057594037927936 bytes of @w at byte 0 of @f, but the file has 64 bytes}}
  %w = graph.param @w : !graph.weight<16777216x1073741824, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weights @block [2] {
  graph.column @w : !graph.weight<4, f32> at [@f], [0, 16]
}
graph.func @row() {
  %i = arith.constant 2 : index
  // expected-error @+1 {{expected a row of @block::@w below 2, but got 2}}
  %w = graph.param @block::@w[%i] : !graph.weight<4, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weights @block [2] {
  graph.column @w : !graph.weight<4, f32> at [@f], [0, 16]
}
graph.func @negative_row() {
  %i = arith.constant -1 : index
  // expected-error @+1 {{expected a row of @block::@w below 2, but got -1}}
  %w = graph.param @block::@w[%i] : !graph.weight<4, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<4x4, f32> at @f, 0
graph.func @id_beyond() {
  %w = graph.param @w : !graph.weight<4x4, f32>
  %tok = graph.batch ids [3, 4] at [0, 1]
  // expected-error @+1 {{expected ids from 0 to 3, but token 1 has 4}}
  %x = graph.embed %tok, %w : !graph.weight<4x4, f32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<4x4, f32> at @f, 0
graph.func @id_negative() {
  %w = graph.param @w : !graph.weight<4x4, f32>
  %tok = graph.batch ids [-1] at [0]
  // expected-error @+1 {{expected ids from 0 to 3, but token 0 has -1}}
  %x = graph.embed %tok, %w : !graph.weight<4x4, f32>
  graph.return
}

// -----

graph.func @rope_rows() {
  %tok = graph.batch ids [0] at [0]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  // expected-error @+1 {{expected inputs of as many rows, but got 1 and 2}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 4, theta = 1.0e4} : tensor<2x4xf32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<4x4, f32> at @f, 0
graph.func @residual_rows() {
  %w = graph.param @w : !graph.weight<4x4, f32>
  %one = graph.batch ids [0] at [0]
  %two = graph.batch ids [0, 1] at [0, 1]
  %x = graph.embed %one, %w : !graph.weight<4x4, f32>
  %y = graph.embed %two, %w : !graph.weight<4x4, f32>
  // expected-error @+1 {{expected inputs of as many rows, but got 1 and 2}}
  %z = graph.residual %x, %y : tensor<?x4xf32>
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<4x4, f32> at @f, 0
graph.func @glu_rows() {
  %w = graph.param @w : !graph.weight<4x4, f32>
  %one = graph.batch ids [0] at [0]
  %two = graph.batch ids [0, 1] at [0, 1]
  %x = graph.embed %one, %w : !graph.weight<4x4, f32>
  %y = graph.embed %two, %w : !graph.weight<4x4, f32>
  // expected-error @+1 {{expected inputs of as many rows, but got 2 and 1}}
  %z = graph.glu %y, %x silu : tensor<?x4xf32>
  graph.return
}

// -----

graph.func @select_rows() {
  %tok = graph.batch ids [0] at [0]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  // expected-error @+1 {{expected inputs of as many rows, but got 1 and 2}}
  %y = graph.select %x, %tok : tensor<2x4xf32>
  graph.return
}

// -----

graph.func @static_rows() {
  %tok = graph.batch ids [0, 1] at [0, 1] wanted [true, false]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  // expected-error @+1 {{expected a value of type 'tensor<2x4xf32>', but got 1x4}}
  %y = graph.select %x, %tok : tensor<2x4xf32>
  graph.return
}

// -----

graph.func @check_rows() {
  %tok = graph.batch ids [0] at [0] wanted [false]
  %x = arith.constant dense<0.0> : tensor<1x32xf32>
  %q = graph.quantize %x by 32 : tensor<1x32xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  %y = graph.attention %x keys %x, %x heads 1 over 1 {scale = 1.0} : tensor<1x32xf32> keys tensor<1x32xf32>, tensor<1x32xf32>
  // The last op is not known: everything above is.
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' op is not known to the reference interpreter}}
  %z = builtin.unrealized_conversion_cast %y : tensor<1x32xf32> to tensor<?x32xf32>
  graph.return
}

// -----

graph.func @capacity() {
  %tok = graph.batch ids [0, 0] at [3, 4]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  // expected-error @+1 {{expected positions below the capacity of 4, but token 1 has 4}}
  kv.append %kv, %x, %x, %tok : !kv.cache<1x4>, tensor<2x4xf32>, tensor<2x4xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @append_slot() {
  %tok = graph.batch ids [0, 0] at [0, 0] slots [0, 2]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  %kv = kv.create capacity 4 slots 2 : !kv.cache<1x4>
  // expected-error @+1 {{expected slots below 2, but got 2}}
  kv.append %kv, %x, %x, %tok : !kv.cache<1x4>, tensor<2x4xf32>, tensor<2x4xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @append_tokens() {
  %tok = graph.batch ids [0] at [0]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  // expected-error @+1 {{expected keys and values of 1 tokens, but got 2 and 2}}
  kv.append %kv, %x, %x, %tok : !kv.cache<1x4>, tensor<2x4xf32>, tensor<2x4xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @evict_slot() {
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  // expected-error @+1 {{expected slots below 1, but got 1}}
  kv.evict %kv slot 1 keep 0 : !kv.cache<1x4>
  graph.return
}

// -----

graph.func @attention_slot() {
  %tok = graph.batch ids [0] at [0] slots [1]
  %x = arith.constant dense<0.0> : tensor<1x4xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  // expected-error @+1 {{expected slots below 1, but got 1}}
  %y = graph.attention %x cache %kv, %tok heads 1 over 1 {scale = 1.0} : tensor<1x4xf32>, !kv.cache<1x4>, !graph.tokens
  graph.return
}

// -----

graph.func @attention_tokens() {
  %tok = graph.batch ids [0] at [0]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  // expected-error @+1 {{expected a query a token, but got 2 queries and 1 tokens}}
  %y = graph.attention %x cache %kv, %tok heads 1 over 1 {scale = 1.0} : tensor<2x4xf32>, !kv.cache<1x4>, !graph.tokens
  graph.return
}

// -----

graph.func @never_written() {
  %tok = graph.batch ids [0, 0] at [0, 2]
  %x = arith.constant dense<0.0> : tensor<2x4xf32>
  %kv = kv.create capacity 4 : !kv.cache<1x4>
  kv.append %kv, %x, %x, %tok : !kv.cache<1x4>, tensor<2x4xf32>, tensor<2x4xf32>, !graph.tokens
  // expected-error @+1 {{expected keys at positions 0 to 2 of slot 0, but only 2 of them were appended}}
  %y = graph.attention %x cache %kv, %tok heads 1 over 1 {scale = 1.0, mask = #graph.mask<causal>} : tensor<2x4xf32>, !kv.cache<1x4>, !graph.tokens
  graph.return
}

// -----

graph.file @f "select.bin"
graph.weight @w : !graph.weight<4x4, f32> at @f, 0
graph.func @keys_and_values() {
  %w = graph.param @w : !graph.weight<4x4, f32>
  %one = graph.batch ids [0] at [0]
  %two = graph.batch ids [0, 1] at [0, 1]
  %k = graph.embed %one, %w : !graph.weight<4x4, f32>
  %v = graph.embed %two, %w : !graph.weight<4x4, f32>
  // expected-error @+1 {{expected as many values as keys, but got 2 and 1}}
  %y = graph.attention %k keys %k, %v heads 1 over 1 {scale = 1.0} : tensor<?x4xf32> keys tensor<?x4xf32>, tensor<?x4xf32>
  graph.return
}

// -----

graph.func @storage() {
  // expected-error @+1 {{expected a cache stored as f64, f32, f16 or bf16, but got '!kv.cache<1x4, k = <i8, token_head>, v = <f16>>'}}
  %kv = kv.create capacity 4 : !kv.cache<1x4, k = <i8, token_head>, v = <f16>>
  graph.return
}

// -----

graph.func @slots() {
  // expected-error @+1 {{expected a positive capacity and 1 to 65536 slots, but got capacity 4 and 65537 slots}}
  %kv = kv.create capacity 4 slots 65537 : !kv.cache<1x4>
  graph.return
}

// -----

graph.func @huge_constant() {
  // expected-error @+1 {{expected an index or a float tensor of rank 2 and at most 16777216 elements, but got 'tensor<1048576x1048576xf32>'}}
  %x = arith.constant dense<0.0> : tensor<1048576x1048576xf32>
  graph.return
}

// -----

graph.func @integer_constant() {
  // expected-error @+1 {{expected an index or a float tensor of rank 2 and at most 16777216 elements, but got 'i32'}}
  %x = arith.constant 3 : i32
  graph.return
}

// -----

graph.file @f0 "experts.bin"
graph.weight @w : !graph.weight<5x3x32, f32> at @f0, 0
graph.func @no_such_expert() {
  %x = arith.constant dense<1.0> : tensor<1x32xf32>
  %r = arith.constant dense<[[5.0, 1.0]]> : tensor<1x2xf32>
  %w = graph.param @w : !graph.weight<5x3x32, f32>
  // expected-error @+1 {{expected the number of an expert below 5, but got 5.0}}
  %y = graph.experts %x, %r, %w each : tensor<1x32xf32>, tensor<1x2xf32>, !graph.weight<5x3x32, f32>
  graph.return
}
