// RUN: %frit-opt --split-input-file --verify-diagnostics %s

graph.func @unknown_columns(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{operand #0 must be activations [tokens, features] of f32 or f64 with a known number of features, but got 'tensor<?x?xf32>'}}
  %y = graph.residual %x, %x : tensor<?x?xf32>
  graph.return
}

// -----

graph.func @embed_rank(%tok: !graph.tokens, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a table of rank 2, but got '!graph.weight<8, f32>'}}
  %y = graph.embed %tok, %w : !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @norm_group(%x: tensor<?x8xf32>, %w: !graph.weight<3, f32>) {
  // expected-error @+1 {{expected columns in whole groups of 3, but got 8}}
  %y = graph.norm %x, %w {eps = 1.0e-5, group = 3 : i64} : tensor<?x8xf32>, !graph.weight<3, f32>
  graph.return
}

// -----

graph.func @norm_eps(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a finite eps of 0 or more, but got -1.000000e+00 : f64}}
  %y = graph.norm %x, %w {eps = -1.0} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @norm_weight_rank(%x: tensor<?x8xf32>, %w: !graph.weight<1x8, f32>) {
  // expected-error @+1 {{expected a weight of rank 1, but got '!graph.weight<1x8, f32>'}}
  %y = graph.norm %x, %w {eps = 1.0e-5} : tensor<?x8xf32>, !graph.weight<1x8, f32>
  graph.return
}

// -----

graph.func @norm_weight_length(%x: tensor<?x8xf32>, %w: !graph.weight<9, f32>) {
  // expected-error @+1 {{expected a weight of 8 elements, but got 9}}
  %y = graph.norm %x, %w {eps = 1.0e-5} : tensor<?x8xf32>, !graph.weight<9, f32>
  graph.return
}

// -----

graph.func @norm_rms_bias(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected no bias for an rms norm}}
  %y = graph.norm %x, %w bias %w {eps = 1.0e-5} : tensor<?x8xf32>, !graph.weight<8, f32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @norm_bias_length(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>, %b: !graph.weight<7, f32>) {
  // expected-error @+1 {{expected a bias of 8 elements, but got 7}}
  %y = graph.norm %x, %w bias %b {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x8xf32>, !graph.weight<8, f32>, !graph.weight<7, f32>
  graph.return
}

// -----

graph.func @quantize_columns(%x: tensor<?x48xf32>) {
  // expected-error @+1 {{expected columns in whole blocks of 32, but got 48 columns}}
  %q = graph.quantize %x by 32 : tensor<?x48xf32>
  graph.return
}

// -----

graph.func @quantize_unknown(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{expected activations with known columns, but got 'tensor<?x?xf32>'}}
  %q = graph.quantize %x by 32 : tensor<?x?xf32>
  graph.return
}

// -----

graph.func @linear_rank(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a weight of rank 2, but got '!graph.weight<8, f32>'}}
  %y = graph.linear %x, %w : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @linear_columns(%x: tensor<?x8xf32>, %w: !graph.weight<4x9, f32>) {
  // expected-error @+1 {{expected 9 input columns to match the weight, but got 8}}
  %y = graph.linear %x, %w : tensor<?x8xf32>, !graph.weight<4x9, f32>
  graph.return
}

// -----

graph.func @linear_bias(%x: tensor<?x8xf32>, %w: !graph.weight<4x8, f32>, %b: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a bias of 4 elements, but got 8}}
  %y = graph.linear %x, %w bias %b : tensor<?x8xf32>, !graph.weight<4x8, f32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @linear_float_weight(%x: !graph.qtensor<?x32, block = 32>, %w: !graph.weight<4x32, f16>) {
  // expected-error @+1 {{expected a quantized weight for int8 activations, but got '!graph.weight<4x32, f16>'}}
  %y = graph.linear %x, %w : !graph.qtensor<?x32, block = 32>, !graph.weight<4x32, f16>
  graph.return
}

// -----

graph.func @linear_blocks(%x: !graph.qtensor<?x32, block = 16>, %w: !graph.weight<4x32, q8_0>) {
  // expected-error @+1 {{expected activation blocks of 32, but got 16}}
  %y = graph.linear %x, %w : !graph.qtensor<?x32, block = 16>, !graph.weight<4x32, q8_0>
  graph.return
}

// -----

graph.func @logits_columns(%x: tensor<?x8xf32>, %w: !graph.weight<4x9, f32>) {
  // expected-error @+1 {{expected 9 input columns to match the weight, but got 8}}
  %y = graph.logits %x, %w : tensor<?x8xf32>, !graph.weight<4x9, f32>
  graph.return
}

// -----

graph.func @rope_columns(%x: tensor<?x10xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected columns in whole heads of 4, but got 10}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 4, theta = 1.0e5} : tensor<?x10xf32>
  graph.return
}

// -----

graph.func @rope_odd(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected an even number of rotated elements up to 4, but got 3}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 3, theta = 1.0e5} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @rope_dim(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected an even number of rotated elements up to 4, but got 6}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 6, theta = 1.0e5} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @rope_theta(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected a finite theta above 0, but got 0.000000e+00 : f64}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 4, theta = 0.0} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @rope_factors(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected 2 frequency factors, but got 1}}
  %y = graph.rope %x, %tok halves {head_dim = 4, dim = 4, theta = 1.0e5, frequencies = #graph.frequencies<magnitude = 1.0 : f64, factors = [2.0]>} : tensor<?x8xf32>
  graph.return
}

// -----

// expected-error @+1 {{expected a positive magnitude of type f64, but got 0.000000e+00 : f64}}
#zero = #graph.frequencies<magnitude = 0.0 : f64>

// -----

// expected-error @+1 {{expected positive factors, but got array<f64: 1.000000e+00, -1.000000e+00>}}
#negative = #graph.frequencies<magnitude = 1.0 : f64, factors = [1.0, -1.0]>

// -----

// expected-error @+1 {{expected as many factors as long_factors}}
#few = #graph.frequencies<magnitude = 1.0 : f64, factors = [1.0], long_factors = [1.0, 2.0], original_context = 8>

// -----

// expected-error @+1 {{expected a positive original_context exactly with long_factors, but got 0}}
#nowhere = #graph.frequencies<magnitude = 1.0 : f64, factors = [1.0], long_factors = [2.0]>

// -----

graph.func @attention_both(%q: tensor<?x8xf32>, %kv: !kv.cache<2x4>, %tok: !graph.tokens, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected either a cache or keys and values}}
  %y = graph.attention %q cache %kv, %tok keys %k, %k heads 2 over 2 {scale = 1.0} : tensor<?x8xf32>, !kv.cache<2x4>, !graph.tokens keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_neither(%q: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a cache, or keys and values [tokens, kv_heads x dim]}}
  %y = graph.attention %q heads 2 over 2 {scale = 1.0} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_without_tokens(%q: tensor<?x8xf32>, %kv: !kv.cache<2x4>) {
  // expected-error @+1 {{expected tokens together with a cache}}
  %y = "graph.attention"(%q, %kv) <{heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>}> : (tensor<?x8xf32>, !kv.cache<2x4>) -> tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_queries(%q: tensor<8xf32>, %kv: !kv.cache<2x4>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected queries [tokens, heads x dim], but got 'tensor<8xf32>'}}
  %y = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 1.0} : tensor<8xf32>, !kv.cache<2x4>, !graph.tokens
  graph.return
}

// -----

graph.func @attention_not_a_cache(%q: tensor<?x8xf32>, %kv: index, %tok: !graph.tokens) {
  // expected-error @+1 {{expected a cache, or keys and values [tokens, kv_heads x dim]}}
  %y = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 1.0} : tensor<?x8xf32>, index, !graph.tokens
  graph.return
}

// -----

graph.func @attention_not_tensors(%q: tensor<?x8xf32>, %k: index) {
  // expected-error @+1 {{expected a cache, or keys and values [tokens, kv_heads x dim]}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 1.0} : tensor<?x8xf32> keys index, index
  graph.return
}

// -----

graph.func @attention_too_many_heads(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a number of heads that fits, but got 4611686018427387904}}
  %y = graph.attention %q keys %k, %k heads 4611686018427387904 over 2 {scale = 1.0} : tensor<?x8xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_heads(%q: tensor<?x12xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected heads to be a multiple of kv_heads, but got 3 and 2}}
  %y = graph.attention %q keys %k, %k heads 3 over 2 {scale = 1.0} : tensor<?x12xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_cache_heads(%q: tensor<?x8xf32>, %kv: !kv.cache<1x4>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected kv_heads = 1 to match the cache, but got 2}}
  %y = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 1.0} : tensor<?x8xf32>, !kv.cache<1x4>, !graph.tokens
  graph.return
}

// -----

graph.func @attention_key_columns(%q: tensor<?x8xf32>, %k: tensor<?x9xf32>, %v: tensor<?x8xf32>) {
  // expected-error @+1 {{expected columns of keys and values in 2 whole heads}}
  %y = graph.attention %q keys %k, %v heads 2 over 2 {scale = 1.0} : tensor<?x8xf32> keys tensor<?x9xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_values(%q: tensor<?x8xf32>, %k: tensor<5x8xf32>, %v: tensor<4x8xf32>) {
  // expected-error @+1 {{expected as many values as keys, but got 4 and 5}}
  %y = graph.attention %q keys %k, %v heads 2 over 2 {scale = 1.0} : tensor<?x8xf32> keys tensor<5x8xf32>, tensor<4x8xf32>
  graph.return
}

// -----

graph.func @attention_query_columns(%q: tensor<?x8xf32>, %k: tensor<?x6xf32>) {
  // expected-error @+1 {{expected queries of 2 heads of 3 columns, but got 8}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 1.0} : tensor<?x8xf32> keys tensor<?x6xf32>, tensor<?x6xf32>
  graph.return
}

// -----

graph.func @attention_window(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a causal mask for a window}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 1.0, window = 3} : tensor<?x8xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_softcap(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite softcap above 0, but got 0.000000e+00 : f64}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 1.0, softcap = 0.0} : tensor<?x8xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @embed_result(%tok: !graph.tokens, %w: !graph.weight<16x8, f32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<?x8xf32>' are incompatible with return type(s) of operation 'tensor<?x9xf32>'}}
  %y = "graph.embed"(%tok, %w) : (!graph.tokens, !graph.weight<16x8, f32>) -> tensor<?x9xf32>
  graph.return
}

// -----

graph.func @quantize_result(%x: tensor<?x32xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) '!graph.qtensor<?x32, block = 32>' are incompatible with return type(s) of operation '!graph.qtensor<?x32, block = 16>'}}
  %q = "graph.quantize"(%x) <{block = 32 : i64}> : (tensor<?x32xf32>) -> !graph.qtensor<?x32, block = 16>
  graph.return
}

// -----

graph.func @norm_eps_nan(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a finite eps of 0 or more, but got 0x7FF8000000000000 : f64}}
  %y = graph.norm %x, %w {eps = 0x7FF8000000000000 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @norm_eps_infinite(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a finite eps of 0 or more, but got 0x7FF0000000000000 : f64}}
  %y = graph.norm %x, %w {eps = 0x7FF0000000000000 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @norm_offset(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a finite offset, but got 0x7FF0000000000000 : f64}}
  %y = graph.norm %x, %w {eps = 1.0e-5, offset = 0x7FF0000000000000 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}

// -----

graph.func @embed_scale(%tok: !graph.tokens, %w: !graph.weight<16x8, f32>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF8000000000000 : f64}}
  %x = graph.embed %tok, %w {scale = 0x7FF8000000000000 : f64} : !graph.weight<16x8, f32>
  graph.return
}

// -----

graph.func @residual_scale(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF0000000000000 : f64}}
  %y = graph.residual %x, %x {scale = 0x7FF0000000000000 : f64} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @logits_scale(%x: tensor<?x8xf32>, %w: !graph.weight<4x8, f32>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF0000000000000 : f64}}
  %y = graph.logits %x, %w {scale = 0x7FF0000000000000 : f64} : tensor<?x8xf32>, !graph.weight<4x8, f32>
  graph.return
}

// -----

graph.func @logits_softcap(%x: tensor<?x8xf32>, %w: !graph.weight<4x8, f32>) {
  // expected-error @+1 {{expected a finite softcap above 0, but got -1.000000e+00 : f64}}
  %y = graph.logits %x, %w {softcap = -1.0} : tensor<?x8xf32>, !graph.weight<4x8, f32>
  graph.return
}

// -----

graph.func @rope_theta_infinite(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected a finite theta above 0, but got 0x7FF0000000000000 : f64}}
  %y = graph.rope %x, %tok halves {head_dim = 8, dim = 8, theta = 0x7FF0000000000000 : f64} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @rope_position_scale(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // expected-error @+1 {{expected a finite position_scale, but got 0x7FF8000000000000 : f64}}
  %y = graph.rope %x, %tok halves {head_dim = 8, dim = 8, theta = 1.0e4, position_scale = 0x7FF8000000000000 : f64} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_scale(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF8000000000000 : f64}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 0x7FF8000000000000 : f64} : tensor<?x8xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @attention_softcap_infinite(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite softcap above 0, but got 0x7FF0000000000000 : f64}}
  %y = graph.attention %q keys %k, %k heads 2 over 2 {scale = 0.5, softcap = 0x7FF0000000000000 : f64} : tensor<?x8xf32> keys tensor<?x8xf32>, tensor<?x8xf32>
  graph.return
}

// -----

graph.func @activation_type(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{failed to verify that all of {input, result} have same type}}
  %y = "graph.activation"(%x) <{act = #graph<activation silu>}> : (tensor<?x8xf32>) -> tensor<?x4xf32>
  graph.return
}

// -----

graph.func @activation_unknown(%x: tensor<?x8xf32>) {
  // expected-error @+2 {{expected ::frit::graph::Activation to be one of: silu, gelu, gelu_tanh, relu, relu_squared}}
  // expected-error @+1 {{custom op 'graph.activation' failed to parse}}
  %y = graph.activation %x quick_gelu : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @norm_bias_without_weight(%x: tensor<?x8xf32>, %b: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected neither bias nor offset without a weight}}
  %y = "graph.norm"(%x, %b) <{eps = 1.0e-5 : f64, kind = #graph.norm_kind<layer>, operandSegmentSizes = array<i32: 1, 0, 1>}> : (tensor<?x8xf32>, !graph.weight<8, f32>) -> tensor<?x8xf32>
  graph.return
}

// -----

graph.func @norm_offset_without_weight(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected neither bias nor offset without a weight}}
  %y = graph.norm %x {eps = 1.0e-5, offset = 1.0} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @row_factor_eps(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite eps of 0 or more, but got -1.000000e+00 : f64}}
  %y = graph.row_factor %x {eps = -1.0} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @scale_rows_columns(%x: tensor<?x8xf32>, %r: tensor<?x2xf32>) {
  // expected-error @+1 {{expected one factor a row, but got 2}}
  %y = graph.scale_rows %x, %r : tensor<?x8xf32>, tensor<?x2xf32>
  graph.return
}

// -----

graph.func @scale_rows_type(%x: tensor<?x8xf32>, %r: tensor<?x1xf64>) {
  // expected-error @+1 {{expected factors of the input's type, but got 'tensor<?x1xf64>'}}
  %y = graph.scale_rows %x, %r : tensor<?x8xf32>, tensor<?x1xf64>
  graph.return
}

// -----

graph.func @scale_columns_length(%x: tensor<?x8xf32>, %w: !graph.weight<7, f32>) {
  // expected-error @+1 {{expected a weight of 8 elements, but got 7}}
  %y = graph.scale_columns %x, %w : tensor<?x8xf32>, !graph.weight<7, f32>
  graph.return
}

// -----

graph.func @scale_columns_offset(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>) {
  // expected-error @+1 {{expected a finite offset, but got 0x7FF0000000000000 : f64}}
  %y = graph.scale_columns %x, %w {offset = 0x7FF0000000000000 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return
}
