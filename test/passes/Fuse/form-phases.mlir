// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" | FileCheck %s
// A layer of a llama becomes five phases, with a norm recomputed in front of each group of products.

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<256x64, q8_0> at @f0, 0
graph.weight @output_norm : !graph.weight<64, f32> at @f0, 0
graph.weights @block [2] {
  graph.column @attn_norm : !graph.weight<64, f32> at [@f0], [0, 4096]
  graph.column @q : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
  graph.column @k : !graph.weight<32x64, q4_1> at [@f0], [0, 4096]
  graph.column @v : !graph.weight<32x64, q4_1> at [@f0], [0, 4096]
  graph.column @output : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
  graph.column @ffn_norm : !graph.weight<64, f32> at [@f0], [0, 4096]
  graph.column @gate : !graph.weight<96x64, q4_1> at [@f0], [0, 4096]
  graph.column @up : !graph.weight<96x64, q4_1> at [@f0], [0, 4096]
  graph.column @down : !graph.weight<64x96, q4_1> at [@f0], [0, 4096]
}

graph.layer @decoder(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@attn_norm[%i] : !graph.weight<64, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<64x64, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<32x64, q4_1>
  %wv = graph.param @block::@v[%i] : !graph.weight<32x64, q4_1>
  %wo = graph.param @block::@output[%i] : !graph.weight<64x64, q4_1>
  %wf = graph.param @block::@ffn_norm[%i] : !graph.weight<64, f32>
  %wg = graph.param @block::@gate[%i] : !graph.weight<96x64, q4_1>
  %wu = graph.param @block::@up[%i] : !graph.weight<96x64, q4_1>
  %wd = graph.param @block::@down[%i] : !graph.weight<64x96, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %nq = graph.quantize %n by 32 : tensor<?x64xf32>
  %q = graph.linear %nq, %wq : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %k = graph.linear %nq, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  %v = graph.linear %nq, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  %qr = graph.rope %q, %tok halves {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  %kr = graph.rope %k, %tok halves {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x32xf32>
  kv.append %kv, %kr, %v, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a = graph.attention %qr cache %kv, %tok heads 4 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x64xf32>, !kv.cache<2x16>, !graph.tokens
  %aq = graph.quantize %a by 32 : tensor<?x64xf32>
  %o = graph.linear %aq, %wo : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %h = graph.residual %x, %o : tensor<?x64xf32>
  %m = graph.norm %h, %wf {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %mq = graph.quantize %m by 32 : tensor<?x64xf32>
  %g = graph.linear %mq, %wg : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_1>
  %u = graph.linear %mq, %wu : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_1>
  %f = graph.glu %g, %u silu : tensor<?x96xf32>
  %fq = graph.quantize %f by 32 : tensor<?x96xf32>
  %d = graph.linear %fq, %wd : !graph.qtensor<?x96, block = 32>, !graph.weight<64x96, q4_1>
  %y = graph.residual %h, %d : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

// The copy for replay has no roles.
// CHECK:      kernel.reference @decoder.q.k.v.reference([[ARG:%.*]]: index, [[ARG2:%.*]]: tensor<?x64xf32>, [[ARG3:%.*]]: !graph.tokens, [[ARG4:%.*]]: !kv.cache<2x16>) -> tensor<?x64xf32> {
// CHECK-NEXT:   [[W:%.*]] = graph.param @block::@attn_norm[[[ARG]]] : !graph.weight<64, f32>
// CHECK-NEXT:   [[W2:%.*]] = graph.param @block::@q[[[ARG]]] : !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[W3:%.*]] = graph.param @block::@k[[[ARG]]] : !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[W4:%.*]] = graph.param @block::@v[[[ARG]]] : !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[NORM:%.*]] = graph.norm [[ARG2]], [[W]] {eps = 1.000000e-05 : f64} : tensor<?x64xf32>, !graph.weight<64, f32>
// CHECK-NEXT:   [[QUANTIZE:%.*]] = graph.quantize [[NORM]] by 32 : tensor<?x64xf32>
// CHECK-NEXT:   [[LINEAR:%.*]] = graph.linear [[QUANTIZE]], [[W2]] : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[LINEAR2:%.*]] = graph.linear [[QUANTIZE]], [[W3]] : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[LINEAR3:%.*]] = graph.linear [[QUANTIZE]], [[W4]] : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[ROPE:%.*]] = graph.rope [[LINEAR]], [[ARG3]] halves {dim = 16 : i64, head_dim = 16 : i64, theta = 1.000000e+05 : f64} : tensor<?x64xf32>
// CHECK-NEXT:   [[ROPE2:%.*]] = graph.rope [[LINEAR2]], [[ARG3]] halves {dim = 16 : i64, head_dim = 16 : i64, theta = 1.000000e+05 : f64} : tensor<?x32xf32>
// CHECK-NEXT:   kv.append [[ARG4]], [[ROPE2]], [[LINEAR3]], [[ARG3]] : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
// CHECK-NEXT:   kernel.yield [[ROPE]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @decoder.q.k.v([[ARG:%.*]]: index, [[ARG2:%.*]]: tensor<?x64xf32>, [[ARG3:%.*]]: !graph.tokens, [[ARG4:%.*]]: !kv.cache<2x16>) -> tensor<?x64xf32> attributes {reference = @decoder.q.k.v.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @block::@attn_norm[[[ARG]]] : !graph.weight<64, f32>
// CHECK-NEXT:   [[W2:%.*]] = graph.param @block::@q[[[ARG]]] : !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[W3:%.*]] = graph.param @block::@k[[[ARG]]] : !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[W4:%.*]] = graph.param @block::@v[[[ARG]]] : !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[NORM:%.*]] = graph.norm [[ARG2]], [[W]] {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>, !graph.weight<64, f32>
// CHECK-NEXT:   [[QUANTIZE:%.*]] = graph.quantize [[NORM]] by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
// CHECK-NEXT:   [[LINEAR:%.*]] = graph.linear [[QUANTIZE]], [[W2]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[LINEAR2:%.*]] = graph.linear [[QUANTIZE]], [[W3]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[LINEAR3:%.*]] = graph.linear [[QUANTIZE]], [[W4]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
// CHECK-NEXT:   [[ROPE:%.*]] = graph.rope [[LINEAR]], [[ARG3]] halves {dim = 16 : i64, head_dim = 16 : i64, kernel.role = #kernel.role<epilogue>, theta = 1.000000e+05 : f64} : tensor<?x64xf32>
// CHECK-NEXT:   [[ROPE2:%.*]] = graph.rope [[LINEAR2]], [[ARG3]] halves {dim = 16 : i64, head_dim = 16 : i64, kernel.role = #kernel.role<epilogue>, theta = 1.000000e+05 : f64} : tensor<?x32xf32>
// CHECK-NEXT:   kv.append [[ARG4]], [[ROPE2]], [[LINEAR3]], [[ARG3]] {kernel.role = #kernel.role<epilogue>} : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
// CHECK-NEXT:   kernel.yield [[ROPE]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @decoder.attention([[ARG:%.*]]: tensor<?x64xf32>, [[ARG2:%.*]]: !kv.cache<2x16>, [[ARG3:%.*]]: !graph.tokens) -> tensor<?x64xf32> attributes {reference = @decoder.attention.reference} {
// CHECK-NEXT:   [[ATTENTION:%.*]] = graph.attention [[ARG]] cache [[ARG2]], [[ARG3]] heads 4 over 2 {kernel.role = #kernel.role<anchor>, mask = #graph.mask<causal>, scale = 2.500000e-01 : f64} : tensor<?x64xf32>, !kv.cache<2x16>, !graph.tokens
// CHECK-NEXT:   kernel.yield [[ATTENTION]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @decoder.output([[ARG:%.*]]: index, [[ARG2:%.*]]: tensor<?x64xf32>, [[ARG3:%.*]]: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {reference = @decoder.output.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @block::@output[[[ARG]]] : !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[QUANTIZE:%.*]] = graph.quantize [[ARG2]] by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
// CHECK-NEXT:   [[LINEAR:%.*]] = graph.linear [[QUANTIZE]], [[W]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
// CHECK-NEXT:   [[RESIDUAL:%.*]] = graph.residual [[ARG3]], [[LINEAR]] {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
// CHECK-NEXT:   kernel.yield [[RESIDUAL]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @decoder.gate.up([[ARG:%.*]]: index, [[ARG2:%.*]]: tensor<?x64xf32>) -> tensor<?x96xf32> attributes {reference = @decoder.gate.up.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @block::@ffn_norm[[[ARG]]] : !graph.weight<64, f32>
// CHECK-NEXT:   [[W2:%.*]] = graph.param @block::@gate[[[ARG]]] : !graph.weight<96x64, q4_1>
// CHECK-NEXT:   [[W3:%.*]] = graph.param @block::@up[[[ARG]]] : !graph.weight<96x64, q4_1>
// CHECK-NEXT:   [[NORM:%.*]] = graph.norm [[ARG2]], [[W]] {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>, !graph.weight<64, f32>
// CHECK-NEXT:   [[QUANTIZE:%.*]] = graph.quantize [[NORM]] by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
// CHECK-NEXT:   [[LINEAR:%.*]] = graph.linear [[QUANTIZE]], [[W2]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_1>
// CHECK-NEXT:   [[LINEAR2:%.*]] = graph.linear [[QUANTIZE]], [[W3]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_1>
// CHECK-NEXT:   [[GLU:%.*]] = graph.glu [[LINEAR]], [[LINEAR2]] silu {kernel.role = #kernel.role<epilogue>} : tensor<?x96xf32>
// CHECK-NEXT:   kernel.yield [[GLU]] : tensor<?x96xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @decoder.down([[ARG:%.*]]: index, [[ARG2:%.*]]: tensor<?x96xf32>, [[ARG3:%.*]]: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {reference = @decoder.down.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @block::@down[[[ARG]]] : !graph.weight<64x96, q4_1>
// CHECK-NEXT:   [[QUANTIZE:%.*]] = graph.quantize [[ARG2]] by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x96xf32>
// CHECK-NEXT:   [[LINEAR:%.*]] = graph.linear [[QUANTIZE]], [[W]] {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x96, block = 32>, !graph.weight<64x96, q4_1>
// CHECK-NEXT:   [[RESIDUAL:%.*]] = graph.residual [[ARG3]], [[LINEAR]] {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
// CHECK-NEXT:   kernel.yield [[RESIDUAL]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      graph.layer @decoder([[ARG:%.*]]: tensor<?x64xf32>, [[ARG2:%.*]]: !graph.tokens, [[ARG3:%.*]]: !kv.cache<2x16>, [[ARG4:%.*]]: index) -> tensor<?x64xf32> {
// CHECK-NEXT:   [[CALL:%.*]] = kernel.call @decoder.q.k.v([[ARG4]], [[ARG]], [[ARG2]], [[ARG3]]) : (index, tensor<?x64xf32>, !graph.tokens, !kv.cache<2x16>) -> tensor<?x64xf32>
// CHECK-NEXT:   [[CALL2:%.*]] = kernel.call @decoder.attention([[CALL]], [[ARG3]], [[ARG2]]) : (tensor<?x64xf32>, !kv.cache<2x16>, !graph.tokens) -> tensor<?x64xf32>
// CHECK-NEXT:   [[CALL3:%.*]] = kernel.call @decoder.output([[ARG4]], [[CALL2]], [[ARG]]) : (index, tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
// CHECK-NEXT:   [[CALL4:%.*]] = kernel.call @decoder.gate.up([[ARG4]], [[CALL3]]) : (index, tensor<?x64xf32>) -> tensor<?x96xf32>
// CHECK-NEXT:   [[CALL5:%.*]] = kernel.call @decoder.down([[ARG4]], [[CALL4]], [[CALL3]]) : (index, tensor<?x96xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
// CHECK-NEXT:   graph.return [[CALL5]] : tensor<?x64xf32>
// CHECK-NEXT: }

graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x256xf32> {
  %e = graph.param @table : !graph.weight<256x64, q8_0>
  %x = graph.embed %tok, %e : !graph.weight<256x64, q8_0>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x64xf32>, !kv.caches<2>
  %s = graph.select %y, %tok : tensor<?x64xf32>
  %w = graph.param @output_norm : !graph.weight<64, f32>
  %n = graph.norm %s, %w {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %l = graph.logits %n, %e : tensor<?x64xf32>, !graph.weight<256x64, q8_0>
  graph.return %l : tensor<?x256xf32>
}

// CHECK:      kernel.phase @forward.embed([[ARG:%.*]]: !graph.tokens) -> tensor<?x64xf32> attributes {reference = @forward.embed.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @table : !graph.weight<256x64, q8_0>
// CHECK-NEXT:   [[EMBED:%.*]] = graph.embed [[ARG]], [[W]] {kernel.role = #kernel.role<anchor>} : !graph.weight<256x64, q8_0>
// CHECK-NEXT:   kernel.yield [[EMBED]] : tensor<?x64xf32>
// CHECK-NEXT: }

// CHECK:      kernel.phase @forward.logits([[ARG:%.*]]: tensor<?x64xf32>, [[ARG2:%.*]]: !graph.tokens) -> tensor<?x256xf32> attributes {reference = @forward.logits.reference} {
// CHECK-NEXT:   [[W:%.*]] = graph.param @table : !graph.weight<256x64, q8_0>
// CHECK-NEXT:   [[SELECT:%.*]] = graph.select [[ARG]], [[ARG2]] {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
// CHECK-NEXT:   [[W2:%.*]] = graph.param @output_norm : !graph.weight<64, f32>
// CHECK-NEXT:   [[NORM:%.*]] = graph.norm [[SELECT]], [[W2]] {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>, !graph.weight<64, f32>
// CHECK-NEXT:   [[LOGITS:%.*]] = graph.logits [[NORM]], [[W]] {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<256x64, q8_0>
// CHECK-NEXT:   kernel.yield [[LOGITS]] : tensor<?x256xf32>
// CHECK-NEXT: }

// CHECK:      graph.func @forward([[ARG:%.*]]: !graph.tokens, [[ARG2:%.*]]: !kv.caches<2>) -> tensor<?x256xf32> {
// CHECK-NEXT:   [[CALL:%.*]] = kernel.call @forward.embed([[ARG]]) : (!graph.tokens) -> tensor<?x64xf32>
// CHECK-NEXT:   [[REPEAT:%.*]] = graph.repeat [[CALL]], [[ARG]], [[ARG2]] [#graph.segment<@decoder, 0, 2>] : tensor<?x64xf32>, !kv.caches<2>
// CHECK-NEXT:   [[CALL2:%.*]] = kernel.call @forward.logits([[REPEAT]], [[ARG]]) : (tensor<?x64xf32>, !graph.tokens) -> tensor<?x256xf32>
// CHECK-NEXT:   graph.return [[CALL2]] : tensor<?x256xf32>
// CHECK-NEXT: }
