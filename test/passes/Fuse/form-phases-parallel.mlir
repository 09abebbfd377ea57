// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" | FileCheck %s
// An FFN beside attention: what reads the same norm is one phase, in front of attention; the activation of an FFN without
// a gate is in the epilogue of its product.

// Both sums are in epilogues: that of the FFN comes last.
// CHECK-LABEL: kernel.phase @one_norm.q.k.v.up(
// CHECK-SAME: -> (tensor<?x64xf32>, tensor<?x96xf32>)
// CHECK: graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// CHECK-COUNT-4: graph.linear {{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK: %[[F:.*]] = graph.activation %{{.*}} gelu_tanh {kernel.role = #kernel.role<epilogue>}
// CHECK: kernel.yield %{{.*}}, %[[F]]
// CHECK-LABEL: kernel.phase @one_norm.attention(
// CHECK-LABEL: kernel.phase @one_norm.output(
// CHECK: graph.residual {{.*}} {kernel.role = #kernel.role<epilogue>}
// CHECK-LABEL: kernel.phase @one_norm.down(
// CHECK: graph.residual {{.*}} {kernel.role = #kernel.role<epilogue>}
// CHECK-LABEL: graph.layer @one_norm(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[TOK:.*]]: !graph.tokens, %[[KV:.*]]: !kv.cache<2x16>, %[[I:.*]]: index)
// CHECK-NEXT: %[[QF:.*]]:2 = kernel.call @one_norm.q.k.v.up(
// CHECK-NEXT: %[[A:.*]] = kernel.call @one_norm.attention(%[[QF]]#0, %[[KV]], %[[TOK]])
// CHECK-NEXT: %[[H:.*]] = kernel.call @one_norm.output(%[[I]], %[[A]], %[[X]])
// CHECK-NEXT: %[[Y:.*]] = kernel.call @one_norm.down(%[[I]], %[[QF]]#1, %[[H]])
// CHECK-NEXT: graph.return %[[Y]]

// With a norm of its own, the FFN's product is a phase of its own: five, as of a layer with one behind the other.
// CHECK-LABEL: kernel.phase @two_norms.q.k.v(
// CHECK-LABEL: kernel.phase @two_norms.attention(
// CHECK-LABEL: kernel.phase @two_norms.output(
// CHECK-LABEL: kernel.phase @two_norms.up(
// CHECK: graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// CHECK: graph.linear {{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK: graph.activation %{{.*}} relu_squared {kernel.role = #kernel.role<epilogue>}
// CHECK-LABEL: kernel.phase @two_norms.down(
// CHECK-LABEL: graph.layer @two_norms(
// CHECK-COUNT-5: kernel.call
// CHECK-NOT: kernel.call
// CHECK: graph.return

graph.file @f0 "model.gguf"
graph.weights @block [2] {
  graph.column @attn_norm : !graph.weight<64, f32> at [@f0], [0, 4096]
  graph.column @q : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
  graph.column @k : !graph.weight<32x64, q4_1> at [@f0], [0, 4096]
  graph.column @v : !graph.weight<32x64, q4_1> at [@f0], [0, 4096]
  graph.column @output : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
  graph.column @ffn_norm : !graph.weight<64, f32> at [@f0], [0, 4096]
  graph.column @up : !graph.weight<96x64, q4_1> at [@f0], [0, 4096]
  graph.column @down : !graph.weight<64x96, q4_1> at [@f0], [0, 4096]
}

graph.layer @one_norm(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@attn_norm[%i] : !graph.weight<64, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<64x64, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<32x64, q4_1>
  %wv = graph.param @block::@v[%i] : !graph.weight<32x64, q4_1>
  %wo = graph.param @block::@output[%i] : !graph.weight<64x64, q4_1>
  %wu = graph.param @block::@up[%i] : !graph.weight<96x64, q4_1>
  %wd = graph.param @block::@down[%i] : !graph.weight<64x96, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %nq = graph.quantize %n by 32 : tensor<?x64xf32>
  %q = graph.linear %nq, %wq : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %k = graph.linear %nq, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  %v = graph.linear %nq, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  kv.append %kv, %k, %v, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a = graph.attention %q cache %kv, %tok heads 4 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x64xf32>, !kv.cache<2x16>, !graph.tokens
  %aq = graph.quantize %a by 32 : tensor<?x64xf32>
  %o = graph.linear %aq, %wo : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %h = graph.residual %x, %o : tensor<?x64xf32>
  %u = graph.linear %nq, %wu : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_1>
  %f = graph.activation %u gelu_tanh : tensor<?x96xf32>
  %fq = graph.quantize %f by 32 : tensor<?x96xf32>
  %d = graph.linear %fq, %wd : !graph.qtensor<?x96, block = 32>, !graph.weight<64x96, q4_1>
  %y = graph.residual %h, %d : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

graph.layer @two_norms(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@attn_norm[%i] : !graph.weight<64, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<64x64, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<32x64, q4_1>
  %wv = graph.param @block::@v[%i] : !graph.weight<32x64, q4_1>
  %wo = graph.param @block::@output[%i] : !graph.weight<64x64, q4_1>
  %wf = graph.param @block::@ffn_norm[%i] : !graph.weight<64, f32>
  %wu = graph.param @block::@up[%i] : !graph.weight<96x64, q4_1>
  %wd = graph.param @block::@down[%i] : !graph.weight<64x96, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %q = graph.linear %n, %wq : tensor<?x64xf32>, !graph.weight<64x64, q4_1>
  %k = graph.linear %n, %wk : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  %v = graph.linear %n, %wv : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  kv.append %kv, %k, %v, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %a = graph.attention %q cache %kv, %tok heads 4 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x64xf32>, !kv.cache<2x16>, !graph.tokens
  %o = graph.linear %a, %wo : tensor<?x64xf32>, !graph.weight<64x64, q4_1>
  %h = graph.residual %x, %o : tensor<?x64xf32>
  %m = graph.norm %x, %wf {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %u = graph.linear %m, %wu : tensor<?x64xf32>, !graph.weight<96x64, q4_1>
  %f = graph.activation %u relu_squared : tensor<?x96xf32>
  %d = graph.linear %f, %wd : tensor<?x96xf32>, !graph.weight<64x96, q4_1>
  %y = graph.residual %h, %d : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}
