// RUN: %frit-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expected heads and dimensions from 1 to 16777216, but got 0}}
graph.func @heads(%kv: !kv.cache<0x64>) { graph.return }

// -----

// expected-error @+1 {{expected heads and dimensions from 1 to 16777216, but got 16777217}}
graph.func @value_dim(%kv: !kv.cache<3x64, value_dim = 16777217>) { graph.return }

// -----

// expected-error @+1 {{expected a window of 0 (all) or more tokens, but got -1}}
graph.func @window(%kv: !kv.cache<3x64, window = -1>) { graph.return }

// -----

// expected-error @+1 {{expected the stores of keys and values to be given together}}
graph.func @one_store(%kv: !kv.cache<3x64, k = <f16>>) { graph.return }

// -----

// expected-error @+1 {{expected `heads x dimension`, but got 1 dimensions}}
graph.func @rank(%kv: !kv.cache<64>) { graph.return }

// -----

// expected-error @+1 {{expected k, v, value_dim or window, but got windows}}
graph.func @keyword(%kv: !kv.cache<3x64, windows = 3>) { graph.return }

// -----

// expected-error @+1 {{expected no granularity for float storage 'f16', but got channel}}
graph.func @float_granularity(%kv: !kv.cache<3x64, k = <f16, channel>, v = <f16>>) { graph.return }

// -----

// expected-error @+1 {{expected a granularity for integer storage 'i8'}}
graph.func @integer_granularity(%kv: !kv.cache<3x64, k = <i8>, v = <f16>>) { graph.return }

// -----

// expected-error @+1 {{expected a float, i8 or i4 storage type, but got 'i32'}}
graph.func @storage(%kv: !kv.cache<3x64, k = <i32>, v = <f16>>) { graph.return }

// -----

// expected-error @+1 {{expected 1 to 1048576 layers, but got 0}}
graph.func @caches(%kv: !kv.caches<0>) { graph.return }

// -----

graph.func @append_keys(%kv: !kv.cache<2x4>, %tok: !graph.tokens, %k: tensor<?x6xf32>, %v: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 8 columns of keys to match '!kv.cache<2x4>', but got 6}}
  kv.append %kv, %k, %v, %tok : !kv.cache<2x4>, tensor<?x6xf32>, tensor<?x8xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @append_values(%kv: !kv.cache<2x4, value_dim = 3>, %tok: !graph.tokens, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected 6 columns of values to match '!kv.cache<2x4, value_dim = 3>', but got 8}}
  kv.append %kv, %k, %k, %tok : !kv.cache<2x4, value_dim = 3>, tensor<?x8xf32>, tensor<?x8xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @append_rows(%kv: !kv.cache<2x4>, %tok: !graph.tokens, %k: tensor<3x8xf32>, %v: tensor<4x8xf32>) {
  // expected-error @+1 {{expected as many rows of values as of keys, but got 4 and 3}}
  kv.append %kv, %k, %v, %tok : !kv.cache<2x4>, tensor<3x8xf32>, tensor<4x8xf32>, !graph.tokens
  graph.return
}

// -----

graph.func @layer(%kv: !kv.caches<2>) {
  // expected-error @+1 {{expected a number below 2, but got 2}}
  %c = kv.layer %kv[2] : !kv.caches<2> -> !kv.cache<2x4>
  graph.return
}
