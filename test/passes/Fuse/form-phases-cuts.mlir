// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" | FileCheck %s
// Where phases begin and end follows the data flow.

// CHECK-LABEL: kernel.phase @different_inputs.linear(
// CHECK-NEXT:  graph.linear
// CHECK-NEXT:  kernel.yield
// CHECK-LABEL: kernel.phase @different_inputs.linear.2(
// CHECK-NEXT:  graph.linear
// CHECK-NEXT:  kernel.yield
// CHECK-LABEL: graph.func @different_inputs
graph.func @different_inputs(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %b = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // CHECK: kernel.call @different_inputs.linear(
  // CHECK: kernel.call @different_inputs.linear.2(
  graph.return %a, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// Logits are one phase even when another product reads the same value.
// CHECK-LABEL: kernel.phase @logits_alone.linear(
// CHECK-LABEL: kernel.phase @logits_alone.logits(
// CHECK-LABEL: graph.func @logits_alone
graph.func @logits_alone(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %b = graph.logits %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %a, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// Both phases compute the norm for themselves: one reads it as int8, the other as it is.
// CHECK-LABEL: kernel.phase @shared_norm.linear(
// CHECK-SAME:    %[[X:.*]]: tensor<?x32xf32>, %{{.*}}: !graph.weight<32, f32>, %{{.*}}: !graph.weight<32x32, q4_1>) -> tensor<?x32xf32>
// CHECK-NEXT:  %[[N:.*]] = graph.norm %[[X]], %{{.*}} {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<prologue>}
// CHECK-NEXT:  %[[Q:.*]] = graph.quantize %[[N]] by 32 {kernel.role = #kernel.role<prologue>}
// CHECK-NEXT:  graph.linear %[[Q]], %{{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK-LABEL: kernel.phase @shared_norm.linear.2(
// CHECK-SAME:    %[[X:.*]]: tensor<?x32xf32>, %{{.*}}: !graph.weight<32, f32>, %{{.*}}: !graph.weight<32x32, f16>) -> tensor<?x32xf32>
// CHECK-NEXT:  %[[N:.*]] = graph.norm %[[X]], %{{.*}} {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<prologue>}
// CHECK-NEXT:  graph.linear %[[N]], %{{.*}} {kernel.role = #kernel.role<anchor>}
graph.func @shared_norm(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>, %a: !graph.weight<32x32, q4_1>, %b: !graph.weight<32x32, f16>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %q = graph.quantize %y by 32 : tensor<?x32xf32>
  %0 = graph.linear %q, %a : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_1>
  %1 = graph.linear %y, %b : tensor<?x32xf32>, !graph.weight<32x32, f16>
  graph.return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// Attention reads its queries head by head.
// CHECK-LABEL: kernel.phase @norm_of_queries.norm(
// CHECK-NEXT:  %[[N:.*]] = graph.norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  kernel.yield %[[N]]
// CHECK-LABEL: kernel.phase @norm_of_queries.attention(
// CHECK-NEXT:  graph.attention
graph.func @norm_of_queries(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>, %kv: !kv.cache<1x16>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %a = graph.attention %y cache %kv, %tok heads 2 over 1 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x16>, !graph.tokens
  graph.return %a : tensor<?x32xf32>
}

// A residual works on tiles and has no use for whole rows: the norm it reads is computed once.
// CHECK-LABEL: kernel.phase @norm_of_a_residual.norm(
// CHECK-NEXT:  %[[N:.*]] = graph.norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  kernel.yield %[[N]]
// CHECK-LABEL: kernel.phase @norm_of_a_residual.linear(
// CHECK-SAME:    %[[N:.*]]: tensor<?x32xf32>, %{{.*}}: !graph.weight<32x32, f32>) -> tensor<?x32xf32>
// CHECK-NEXT:  %[[L:.*]] = graph.linear %[[N]], %{{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  %[[R:.*]] = graph.residual %[[N]], %[[L]] {kernel.role = #kernel.role<epilogue>}
// CHECK-NEXT:  kernel.yield %[[R]]
graph.func @norm_of_a_residual(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %l = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %r = graph.residual %y, %l : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}

// A row op behind one that is computed once reads it from there.
// CHECK-LABEL: kernel.phase @quantized_norm_of_a_residual.norm(
// CHECK-LABEL: kernel.phase @quantized_norm_of_a_residual.linear(
// CHECK-SAME:    %[[N:.*]]: tensor<?x32xf32>, %{{.*}}: !graph.weight<32x32, q4_1>) -> tensor<?x32xf32>
// CHECK-NEXT:  %[[Q:.*]] = graph.quantize %[[N]] by 32 {kernel.role = #kernel.role<prologue>}
// CHECK-NEXT:  graph.linear %[[Q]]
graph.func @quantized_norm_of_a_residual(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>, %w: !graph.weight<32x32, q4_1>) -> tensor<?x32xf32> {
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %q = graph.quantize %y by 32 : tensor<?x32xf32>
  %l = graph.linear %q, %w : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_1>
  %r = graph.residual %y, %l : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}

// What only a norm reads is part of the norm's phase.
// CHECK-LABEL: kernel.phase @selected_norm_of_a_residual.norm(
// CHECK-NEXT:  %[[S:.*]] = graph.select %{{.*}}, %{{.*}} {kernel.role = #kernel.role<prologue>}
// CHECK-NEXT:  graph.norm %[[S]], %{{.*}} {eps = 1.000000e-05 : f64, kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  graph.residual
// CHECK-NEXT:  kernel.yield
graph.func @selected_norm_of_a_residual(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %s = graph.select %x, %tok : tensor<?x32xf32>
  %y = graph.norm %s, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %r = graph.residual %y, %y : tensor<?x32xf32>
  %q = graph.norm %r, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %z = graph.residual %y, %q : tensor<?x32xf32>
  graph.return %z : tensor<?x32xf32>
}

// CHECK-LABEL: kernel.phase @returned_norm.norm(
// CHECK-NEXT:  graph.norm {{.*}}kernel.role = #kernel.role<anchor>
graph.func @returned_norm(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>) -> tensor<?x32xf32> {
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}

// A norm of heads fits the tile of a head.
// CHECK-LABEL: kernel.phase @head_norm.linear(
// CHECK-NEXT:  %[[L:.*]] = graph.linear {{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  %[[N:.*]] = graph.norm %[[L]], %{{.*}} {eps = 1.000000e-05 : f64, group = 16 : i64, kernel.role = #kernel.role<epilogue>}
// CHECK-NEXT:  %[[R:.*]] = graph.rope %[[N]], {{.*}}kernel.role = #kernel.role<epilogue>
// CHECK-NEXT:  kernel.yield %[[R]]
graph.func @head_norm(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %n: !graph.weight<16, f32>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %l = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %y = graph.norm %l, %n {eps = 1.0e-5, group = 16 : i64} : tensor<?x32xf32>, !graph.weight<16, f32>
  %r = graph.rope %y, %tok halves {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}

// Nothing computes their operands: the first owns the loops, the second joins it.
// CHECK-LABEL: kernel.phase @local_of_arguments.residual(
// CHECK-NEXT:  %[[A:.*]] = graph.residual %{{.*}}, %{{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK-NEXT:  graph.glu %[[A]], %{{.*}} silu {kernel.role = #kernel.role<epilogue>}
graph.func @local_of_arguments(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %a = graph.residual %x, %y : tensor<?x32xf32>
  %b = graph.glu %a, %y silu : tensor<?x32xf32>
  graph.return %b : tensor<?x32xf32>
}

// An epilogue joins the last phase that computes an operand; the other comes through memory.
// CHECK-LABEL: kernel.phase @last_operand.linear(
// CHECK-NEXT:  graph.linear
// CHECK-NEXT:  kernel.yield
// CHECK-LABEL: kernel.phase @last_operand.linear.2(
// CHECK-NEXT:  graph.linear
// CHECK-NEXT:  graph.glu
// CHECK-NEXT:  kernel.yield
graph.func @last_operand(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %b = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %c = graph.glu %a, %b gelu : tensor<?x32xf32>
  graph.return %c : tensor<?x32xf32>
}

// A value of the same phase that others read, too, is both used and yielded.
// CHECK-LABEL: kernel.phase @used_inside_and_outside.linear(
// CHECK-SAME:    -> (tensor<?x32xf32>, tensor<?x32xf32>)
// CHECK:       %[[A:.*]] = graph.linear
// CHECK:       %[[B:.*]] = graph.residual %{{.*}}, %[[A]]
// CHECK:       kernel.yield %[[A]], %[[B]] : tensor<?x32xf32>, tensor<?x32xf32>
// CHECK-LABEL: graph.func @used_inside_and_outside
// CHECK:       %[[R:.*]]:2 = kernel.call
// CHECK:       graph.return %[[R]]#0, %[[R]]#1
graph.func @used_inside_and_outside(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %b = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %a, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// The products of both branches are one phase, which runs in front of all that reads any of them.
// CHECK-LABEL: kernel.phase @parallel_branches.linear.linear(
// CHECK-LABEL: kernel.phase @parallel_branches.attention(
// CHECK-LABEL: graph.func @parallel_branches
// CHECK-NEXT:  %[[P:.*]]:2 = kernel.call @parallel_branches.linear.linear(
// CHECK-NEXT:  %[[A:.*]] = kernel.call @parallel_branches.attention(%[[P]]#0,
// CHECK-NEXT:  graph.return %[[A]], %[[P]]#1
graph.func @parallel_branches(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %v: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %a = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<2x16>, !graph.tokens
  %f = graph.linear %x, %v : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %a, %f : tensor<?x32xf32>, tensor<?x32xf32>
}

// The same in front of an op that stays outside of phases.
// CHECK-LABEL: graph.func @products_around_a_repeat
// CHECK-NEXT:  %[[P:.*]]:2 = kernel.call @products_around_a_repeat.linear.linear(
// CHECK-NEXT:  %[[R:.*]] = graph.repeat %[[P]]#0,
// CHECK-NEXT:  graph.return %[[R]], %[[P]]#1
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.func @products_around_a_repeat(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.caches<1>, %tok: !graph.tokens) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %r = graph.repeat %a, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  %b = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %r, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// Ops that are no part of a phase keep their place.
// CHECK-LABEL: graph.func @evict_between
// CHECK-NEXT:  kernel.call @evict_between.linear(
// CHECK-NEXT:  kv.evict
// CHECK-NEXT:  kernel.call @evict_between.attention(
graph.func @evict_between(%x: tensor<?x32xf32>, %w: !graph.weight<32x32, f32>, %kv: !kv.cache<2x16>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kv.append %kv, %q, %q, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  kv.evict %kv slot 0 keep 1 : !kv.cache<2x16>
  %a = graph.attention %q cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<2x16>, !graph.tokens
  graph.return %a : tensor<?x32xf32>
}

// Phases are named after their weights; a name that occurs again gets a number.
graph.file @f0 "f"
graph.weight @tied : !graph.weight<32x32, f32> at @f0, 0
graph.weights @block [1] {
  graph.column @column : !graph.weight<32x32, f32> at [@f0], [0]
}
// CHECK-LABEL: kernel.phase @names.tied.column(
// CHECK-LABEL: kernel.phase @names.tied(
// CHECK-LABEL: kernel.phase @names.tied.2(
graph.func @names(%x: tensor<?x32xf32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @tied : !graph.weight<32x32, f32>
  %c = graph.param @block::@column[%i] : !graph.weight<32x32, f32>
  %0 = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %1 = graph.linear %x, %c : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %2 = graph.glu %0, %1 silu : tensor<?x32xf32>
  %3 = graph.linear %2, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %4 = graph.linear %3, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %4 : tensor<?x32xf32>
}

// What nothing uses goes away.
// CHECK-LABEL: graph.func @unused
// CHECK-NEXT:  graph.return
graph.func @unused(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>) {
  %w = graph.param @tied : !graph.weight<32x32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return
}

// Products with the experts of other routes are another phase.
// CHECK-LABEL: kernel.phase @routes.experts(
// CHECK-LABEL: kernel.phase @routes.experts.2(
graph.func @routes(%x: tensor<?x32xf32>, %r: tensor<?x2xf32>, %s: tensor<?x2xf32>, %w: !graph.weight<4x32x32, f32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %0 = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %1 = graph.experts %x, %s, %w each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  graph.return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}
