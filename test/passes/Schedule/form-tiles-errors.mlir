// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" --split-input-file --verify-diagnostics
// A phase without a schedule is refused, and so is a buffer that would be written too early.

// expected-error @+1 {{expected a machine.target on the module to choose tiles}}
module {
}

// -----

// expected-error @+1 {{the description of machine t does not say vector_registers, which frit-form-tiles needs}}
module attributes {machine.target = #machine.target<"t", vector_bytes = 64>} {
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.func @op_outside_of_phases() {
  // expected-error @+1 {{expected only kernel.call, and graph.repeat in a graph.func}}
  %tok = graph.batch ids [1] at [0]
  graph.return
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.layer @inner(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.layer @repeat_in_a_layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  // expected-error @+1 {{expected only kernel.call, and graph.repeat in a graph.func}}
  %kvs = arith.constant 0 : index
  graph.return %x : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.func @repeat_of_an_argument(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-error @+1 {{expected an input from a phase or another repeat}}
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  %z = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.func @input_of_repeat_read_later(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  // expected-error @+1 {{expected no reader of the residual stream behind what writes it again}}
  %z = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %r = graph.residual %x, %z : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}
}

// -----

// Other cores may still need rows of the stream that this product would write over.
#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.func @stream_written_while_read(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  // expected-error @+1 {{expected no reader of the residual stream behind what writes it again}}
  %z = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %r = graph.repeat %z, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  %l = graph.linear %r, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %l : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @input_read_by_the_last_product(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-error @+1 {{expected no reader of the layer's input beside the phase that writes its output}}
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @input_read_behind_the_output(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %h = graph.residual %x, %x : tensor<?x32xf32>
  %y = graph.linear %h, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected no reader of the layer's input beside the phase that writes its output}}
  %z = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %u = graph.residual %z, %z : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.func @first(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  graph.return %x : tensor<?x32xf32>
}
// expected-error @+1 {{expected one function beside the layers, but there is also "first"}}
graph.func @second(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  graph.return %x : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.func @nothing_returned() {
  // expected-error @+1 {{expected to return one tensor that a phase computes}}
  graph.return
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.func @argument_returned(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // expected-error @+1 {{expected to return one tensor that a phase computes}}
  graph.return %x : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.func @weight_from_an_argument(%tok: !graph.tokens, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  // expected-error @+1 {{expected weights from graph.param}}
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  graph.return %x : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @double_precision(%x: tensor<?x32xf64>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf64> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-error @+1 {{expected activations of f32, but got 'tensor<?x32xf64>'}}
  %a = graph.linear %x, %w : tensor<?x32xf64>, !graph.weight<32x32, f32>
  %h = graph.linear %a, %w : tensor<?x32xf64>, !graph.weight<32x32, f32>
  graph.return %h : tensor<?x32xf64>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %z = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  // expected-error @+1 {{expected a graph.param or an op with a role in a phase}}
  %y = graph.residual %x, %z : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @op_without_a_role(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  // expected-error @+1 {{expected a graph.param or an op with a role in a phase}}
  %c = arith.constant {kernel.role = #kernel.role<prologue>} 1.0 : f32
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @foreign_op_with_a_role(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %z = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  // expected-error @+1 {{expected one anchor, or products of one value}}
  %y = graph.residual %x, %z {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @two_anchors(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %z = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected one anchor, or products of one value}}
  %y = graph.linear %z, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @products_of_two_values(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @a : !graph.weight<32x32, f32> at @f0, 0
graph.weight @b : !graph.weight<64x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %a = graph.param @a : !graph.weight<32x32, f32>
  %b = graph.param @b : !graph.weight<64x32, f32>
  %k = graph.linear %x, %a {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected 32 rows like the product it is combined with, but got 64}}
  %q = graph.linear %x, %b {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<64x32, f32>
  %y = graph.attention %q keys %k, %k heads 2 over 1 {scale = 0.125, kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32> keys tensor<?x32xf32>, tensor<?x32xf32>
  kernel.yield %k : tensor<?x32xf32>
}
graph.layer @attention_as_an_epilogue(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @a : !graph.weight<24x32, f32> at @f0, 0
graph.weight @b : !graph.weight<32x24, f32> at @f0, 0
graph.layer @odd_heads(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %a = graph.param @a : !graph.weight<24x32, f32>
  %b = graph.param @b : !graph.weight<32x24, f32>
  // expected-error @+1 {{expected rows in groups of 48, whole heads of 24 and a multiple of 16, but got 24}}
  %y = graph.linear %x, %a : tensor<?x32xf32>, !graph.weight<24x32, f32>
  %r = graph.rope %y, %tok halves {head_dim = 24, dim = 24, theta = 1.0e4} : tensor<?x24xf32>
  %z = graph.linear %r, %b : tensor<?x24xf32>, !graph.weight<32x24, f32>
  graph.return %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.func @product_of_an_argument(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  // expected-error @+1 {{expected activations that a phase or a repeat computes, but got an argument of the function}}
  %z = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.func @norm_of_an_argument(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %n = graph.param @n : !graph.weight<32, f32>
  // expected-error @+1 {{expected activations that a phase or a repeat computes, but got an argument of the function}}
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @append_without_stores(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %k = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %h = graph.linear %k, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected f16 or f32 storage of the cache, but got '!kv.cache<1x32>'}}
  kv.append %kv, %k, %k, %tok : !kv.cache<1x32>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @not_causal(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %n = graph.param @n : !graph.weight<32, f32>
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected a causal mask for attention over a cache}}
  %a = graph.attention %q cache %kv, %tok heads 1 over 1 {scale = 0.125} : tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens
  %h = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @without_stores(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %n = graph.param @n : !graph.weight<32, f32>
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected f16 or f32 storage of the cache, but got '!kv.cache<1x32>'}}
  %a = graph.attention %q cache %kv, %tok heads 1 over 1 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32>, !graph.tokens
  %h = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @int8_values(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <i8, token_head>>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %n = graph.param @n : !graph.weight<32, f32>
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected f16 or f32 storage of the cache, but got '!kv.cache<1x32, k = <f16>, v = <i8, token_head>>'}}
  %a = graph.attention %q cache %kv, %tok heads 1 over 1 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <i8, token_head>>, !graph.tokens
  %h = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.weight @o : !graph.weight<32x24, f32> at @f0, 0
graph.layer @value_dimension(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, value_dim = 24, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %o = graph.param @o : !graph.weight<32x24, f32>
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected a value dimension in multiples of 16, but got 24}}
  %a = graph.attention %q cache %kv, %tok heads 1 over 1 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x32xf32>, !kv.cache<1x32, value_dim = 24, k = <f16>, v = <f16>>, !graph.tokens
  %h = graph.linear %a, %o : tensor<?x24xf32>, !graph.weight<32x24, f32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @r} {
  %n = graph.param @n : !graph.weight<32, f32>
  %m = graph.norm %x, %n {eps = 1.0e-5, kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>, !graph.weight<32, f32>
  // expected-error @+1 {{expected queries from another phase}}
  %a = graph.attention %m cache %kv, %tok heads 1 over 1 {scale = 0.125, mask = #graph.mask<causal>, kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens
  kernel.yield %a : tensor<?x32xf32>
}
graph.layer @norm_of_queries(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x, %kv, %tok) : (tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens) -> tensor<?x32xf32>
  %h = kernel.call @p(%e, %kv, %tok) : (tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @attention_over_tensors(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %q = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected attention over a cache}}
  %a = graph.attention %q keys %q, %q heads 1 over 1 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x32xf32> keys tensor<?x32xf32>, tensor<?x32xf32>
  %h = graph.residual %x, %a : tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %n = graph.param @n : !graph.weight<32, f32>
  %w = graph.param @w : !graph.weight<32x32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %s = graph.select %y, %tok : tensor<?x32xf32>
  %l = graph.logits %s, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kernel.yield %l : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @r} {
  %n = graph.param @n : !graph.weight<32, f32>
  %w = graph.param @w : !graph.weight<32x32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5, kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>, !graph.weight<32, f32>
  // expected-error @+1 {{expected to select rows of a value from another phase}}
  %s = graph.select %y, %tok {kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>
  %l = graph.logits %s, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kernel.yield %l : tensor<?x32xf32>
}
kernel.reference @e(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @embed(%tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @e} {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<32x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
graph.func @select_behind_a_norm(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %x = kernel.call @embed(%tok) : (!graph.tokens) -> tensor<?x32xf32>
  %l = kernel.call @p(%x, %tok) : (tensor<?x32xf32>, !graph.tokens) -> tensor<?x32xf32>
  graph.return %l : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, f32> at @f0, 0
graph.weight @n : !graph.weight<64, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = graph.residual %x, %x : tensor<?x64xf32>
  kernel.yield %y : tensor<?x64xf32>
}
kernel.phase @p(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<64x64, f32>
  %n = graph.param @n : !graph.weight<64, f32>
  %l = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64x64, f32>
  // expected-error @+1 {{expected whole rows for a norm without groups}}
  %z = graph.norm %l, %n {eps = 1.0e-5, kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>, !graph.weight<64, f32>
  kernel.yield %l : tensor<?x64xf32>
}
graph.layer @norm_in_an_epilogue(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x64, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %e = kernel.call @p(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  %h = kernel.call @p(%e) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  graph.return %h : tensor<?x64xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @r} {
  // expected-error @+1 {{expected an op that can be tiled in a prologue or epilogue}}
  kv.append %kv, %x, %x, %tok {kernel.role = #kernel.role<prologue>} : !kv.cache<1x32, k = <f16>, v = <f16>>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @append_in_a_prologue(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x, %kv, %tok) : (tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens) -> tensor<?x32xf32>
  %h = kernel.call @p(%e, %kv, %tok) : (tensor<?x32xf32>, !kv.cache<1x32, k = <f16>, v = <f16>>, !graph.tokens) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %x : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %a = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  // expected-error @+1 {{expected its operands in the prologue or from another phase}}
  %y = graph.residual %x, %a {kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @prologue_reads_an_anchor(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
graph.layer @called_twice(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %e = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  // expected-error @+1 {{expected one call of each phase, but @p is called again}}
  %h = kernel.call @p(%e) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %h : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.layer @epilogue_behind_the_output(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %a = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %y = graph.linear %a, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected no reader of the layer's input beside the phase that writes its output}}
  %b = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %z = graph.residual %x, %b : tensor<?x32xf32>
  %c = graph.linear %z, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, q4_0> at @f0, 0
graph.func @quantized_argument(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, q4_0>
  // expected-error @+2 {{expected activations that a phase or a repeat computes, but got an argument of the function}}
  %a = graph.quantize %x by 32 : tensor<?x32xf32>
  %y = graph.linear %a, %w : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_0>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, q4_0> at @f0, 0
graph.func @int8_argument(%x: !graph.qtensor<?x32, block = 32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, q4_0>
  // expected-error @+1 {{expected activations that a phase or a repeat computes, but got an argument of the function}}
  %y = graph.linear %x, %w : !graph.qtensor<?x32, block = 32>, !graph.weight<32x32, q4_0>
  graph.return %y : tensor<?x32xf32>
}
}

// -----

// Left out of the tiles, the epilogue would never write its result.
#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.func @argument_of_an_epilogue(%tok: !graph.tokens, %s: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  // expected-error @+1 {{expected activations that a phase or a repeat computes, but got an argument of the function}}
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %z = graph.residual %s, %y : tensor<?x32xf32>
  graph.return %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  // expected-error @+1 {{expected a graph.param without a role}}
  %w = graph.param @w {kernel.role = #kernel.role<prologue>} : !graph.weight<32x32, f32>
  %y = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  kernel.yield %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %y = graph.residual %x, %x {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  // expected-error @+1 {{expected an epilogue op to read what its phase computes}}
  %z = graph.residual %x, %x {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %nw = graph.param @n : !graph.weight<32, f32>
  %n = graph.norm %x, %nw {eps = 1.0e-5, kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected an epilogue op to read nothing of the prologue}}
  %z = graph.residual %n, %y {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %z : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %y = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected its operands in the prologue or from another phase}}
  %q = graph.quantize %y by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %nw = graph.param @n : !graph.weight<32, f32>
  %n = graph.norm %x, %nw {eps = 1.0e-5, kernel.role = #kernel.role<prologue>} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected only tensors of anchors and the epilogue to leave a phase}}
  kernel.yield %n : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  %y = graph.residual %a, %a : tensor<?x64xf32>
  kernel.yield %y : tensor<?x64xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>) -> tensor<?x64xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %a = graph.experts %x, %r, %w each {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  // expected-error @+1 {{expected only graph.activation, graph.glu and graph.quantize of what the experts compute behind their parts}}
  %y = graph.residual %a, %a {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %y : tensor<?x64xf32>
}
graph.weight @in_x : !graph.weight<64x32, f32> at @f0, 0
kernel.reference @from_x.reference(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @from_x(%tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @from_x.reference} {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
graph.weight @in_r : !graph.weight<64x4, f32> at @f0, 0
kernel.reference @from_r.reference(%tok: !graph.tokens) -> tensor<?x4xf32> {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
kernel.phase @from_r(%tok: !graph.tokens) -> tensor<?x4xf32> attributes {reference = @from_r.reference} {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
graph.func @forward(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %x = kernel.call @from_x(%tok) : (!graph.tokens) -> tensor<?x32xf32>
  %r = kernel.call @from_r(%tok) : (!graph.tokens) -> tensor<?x4xf32>
  %out = kernel.call @p(%x, %r) : (tensor<?x32xf32>, tensor<?x4xf32>) -> tensor<?x64xf32>
  graph.return %out : tensor<?x64xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %a = graph.experts %x, %r, %w sum : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  %b = graph.experts %x, %r, %w sum : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  %c = graph.glu %a, %b silu : tensor<?x32xf32>
  kernel.yield %c : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  // expected-error @+1 {{expected one product with experts, or several of as many experts with a row for each part}}
  %a = graph.experts %x, %r, %w sum {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  %b = graph.experts %x, %r, %w sum {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  %c = graph.glu %a, %b silu {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %c : tensor<?x32xf32>
}
graph.weight @in_x : !graph.weight<64x64, f32> at @f0, 0
kernel.reference @from_x.reference(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @in_x : !graph.weight<64x64, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x64, f32>
  kernel.yield %x : tensor<?x64xf32>
}
kernel.phase @from_x(%tok: !graph.tokens) -> tensor<?x64xf32> attributes {reference = @from_x.reference} {
  %w = graph.param @in_x : !graph.weight<64x64, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x64, f32>
  kernel.yield %x : tensor<?x64xf32>
}
graph.weight @in_r : !graph.weight<64x4, f32> at @f0, 0
kernel.reference @from_r.reference(%tok: !graph.tokens) -> tensor<?x4xf32> {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
kernel.phase @from_r(%tok: !graph.tokens) -> tensor<?x4xf32> attributes {reference = @from_r.reference} {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
graph.func @forward(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %x = kernel.call @from_x(%tok) : (!graph.tokens) -> tensor<?x64xf32>
  %r = kernel.call @from_r(%tok) : (!graph.tokens) -> tensor<?x4xf32>
  %out = kernel.call @p(%x, %r) : (tensor<?x64xf32>, tensor<?x4xf32>) -> tensor<?x32xf32>
  graph.return %out : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<70000x16x32, f32> at @f0, 0
graph.weight @t : !graph.weight<64x32, f32> at @f0, 0
graph.weight @u : !graph.weight<64x70000, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens) -> tensor<?x16xf32> {
  %w = graph.param @w : !graph.weight<70000x16x32, f32>
  %t = graph.param @t : !graph.weight<64x32, f32>
  %u = graph.param @u : !graph.weight<64x70000, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %s = graph.embed %tok, %u : !graph.weight<64x70000, f32>
  %r = graph.route %s top 1 : tensor<?x70000xf32>
  // expected-error @+1 {{expected numbers from 1 to 65536, but got 70000}}
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<70000x16x32, f32>
  graph.return %a : tensor<?x16xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %r: tensor<?x2xf32>, %s: tensor<?x2xf32>) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %r: tensor<?x2xf32>, %s: tensor<?x2xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %a = graph.experts %x, %r, %w each {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  // expected-error @+1 {{expected one anchor, or products of one value}}
  %b = graph.experts %x, %s, %w each {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %y = graph.glu %a, %b silu {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f32> at @f0, 0
graph.weight @v : !graph.weight<4x32x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %r: tensor<?x2xf32>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %v = graph.param @v : !graph.weight<4x32x32, f32>
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %b = graph.experts %x, %r, %v sum : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %c = graph.glu %a, %b silu : tensor<?x32xf32>
  kernel.yield %c : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %r: tensor<?x2xf32>) -> tensor<?x32xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %v = graph.param @v : !graph.weight<4x32x32, f32>
  // expected-error @+1 {{expected one product with experts, or several of as many experts with a row for each part}}
  %a = graph.experts %x, %r, %w each {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %b = graph.experts %x, %r, %v sum {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %c = graph.glu %a, %b silu {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %c : tensor<?x32xf32>
}
graph.weight @in_x : !graph.weight<64x32, f32> at @f0, 0
kernel.reference @from_x.reference(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @from_x(%tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @from_x.reference} {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
graph.weight @in_r : !graph.weight<64x2, f32> at @f0, 0
kernel.reference @from_r.reference(%tok: !graph.tokens) -> tensor<?x2xf32> {
  %w = graph.param @in_r : !graph.weight<64x2, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x2, f32>
  kernel.yield %x : tensor<?x2xf32>
}
kernel.phase @from_r(%tok: !graph.tokens) -> tensor<?x2xf32> attributes {reference = @from_r.reference} {
  %w = graph.param @in_r : !graph.weight<64x2, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x2, f32>
  kernel.yield %x : tensor<?x2xf32>
}
graph.func @forward(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %x = kernel.call @from_x(%tok) : (!graph.tokens) -> tensor<?x32xf32>
  %r = kernel.call @from_r(%tok) : (!graph.tokens) -> tensor<?x2xf32>
  %out = kernel.call @p(%x, %r) : (tensor<?x32xf32>, tensor<?x2xf32>) -> tensor<?x32xf32>
  graph.return %out : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f32> at @f0, 0
graph.weight @v : !graph.weight<5x32x32, f32> at @f0, 0
graph.weight @t : !graph.weight<64x32, f32> at @f0, 0
graph.weight @u : !graph.weight<64x2, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<4x32x32, f32>
  %v = graph.param @v : !graph.weight<5x32x32, f32>
  %t = graph.param @t : !graph.weight<64x32, f32>
  %u = graph.param @u : !graph.weight<64x2, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %r = graph.embed %tok, %u : !graph.weight<64x2, f32>
  // expected-error @+1 {{expected one product with experts, or several of as many experts with a row for each part}}
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<4x32x32, f32>
  %b = graph.experts %x, %r, %v each : tensor<?x32xf32>, tensor<?x2xf32>, !graph.weight<5x32x32, f32>
  %c = graph.glu %a, %b silu : tensor<?x32xf32>
  graph.return %c : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.func @all_and_wanted_rows(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %s = graph.select %y, %tok : tensor<?x32xf32>
  %l = graph.logits %s, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected rows of all tokens or of wanted ones, but got both}}
  %r = graph.residual %x, %l : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.func @positions_of_wanted_rows(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %s = graph.select %x, %tok : tensor<?x32xf32>
  %l = graph.logits %s, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // expected-error @+1 {{expected rows of all tokens, but got those of wanted ones}}
  %r = graph.rope %l, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x32xf32>
  graph.return %r : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %tok: !graph.tokens) -> tensor<?x32xf32> {
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @r} {
  %n = graph.param @n : !graph.weight<32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5, kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<32, f32>
  // expected-error @+1 {{expected rows of all tokens like those of the anchor}}
  %s = graph.select %y, %tok {kernel.role = #kernel.role<epilogue>} : tensor<?x32xf32>
  kernel.yield %s : tensor<?x32xf32>
}
graph.layer @select_as_an_epilogue(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %s = kernel.call @p(%x, %tok) : (tensor<?x32xf32>, !graph.tokens) -> tensor<?x32xf32>
  graph.return %x : tensor<?x32xf32>
}
}

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<32x32, f32> at @f0, 0
graph.weight @n : !graph.weight<32, f32> at @f0, 0
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}
graph.func @wanted_rows_as_a_stream(%tok: !graph.tokens, %kv: !kv.caches<1>) -> tensor<?x32xf32> {
  %w = graph.param @w : !graph.weight<32x32, f32>
  %e = graph.embed %tok, %w : !graph.weight<32x32, f32>
  %s = graph.select %e, %tok : tensor<?x32xf32>
  // expected-error @+1 {{expected rows of all tokens in the residual stream}}
  %x = graph.linear %s, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 1>] : tensor<?x32xf32>, !kv.caches<1>
  %z = graph.linear %y, %w : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %z : tensor<?x32xf32>
}
}

// -----

// Parts of 48 columns have no whole blocks.
#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x48x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>) -> !graph.qtensor<?x96, block = 32> {
  %w = graph.param @w : !graph.weight<4x48x32, f32>
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x48x32, f32>
  %q = graph.quantize %a by 32 : tensor<?x96xf32>
  kernel.yield %q : !graph.qtensor<?x96, block = 32>
}
kernel.phase @p(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>) -> !graph.qtensor<?x96, block = 32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<4x48x32, f32>
  %a = graph.experts %x, %r, %w each {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x48x32, f32>
  // expected-error @+1 {{expected shares of whole blocks of 32 columns, but got shares of 16}}
  %q = graph.quantize %a by 32 {kernel.role = #kernel.role<epilogue>} : tensor<?x96xf32>
  kernel.yield %q : !graph.qtensor<?x96, block = 32>
}
graph.weight @in_x : !graph.weight<64x32, f32> at @f0, 0
kernel.reference @from_x.reference(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @from_x(%tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @from_x.reference} {
  %w = graph.param @in_x : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
graph.weight @in_r : !graph.weight<64x4, f32> at @f0, 0
kernel.reference @from_r.reference(%tok: !graph.tokens) -> tensor<?x4xf32> {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
kernel.phase @from_r(%tok: !graph.tokens) -> tensor<?x4xf32> attributes {reference = @from_r.reference} {
  %w = graph.param @in_r : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %w {kernel.role = #kernel.role<anchor>} : !graph.weight<64x4, f32>
  kernel.yield %x : tensor<?x4xf32>
}
graph.func @forward(%tok: !graph.tokens) -> !graph.qtensor<?x96, block = 32> {
  %x = kernel.call @from_x(%tok) : (!graph.tokens) -> tensor<?x32xf32>
  %r = kernel.call @from_r(%tok) : (!graph.tokens) -> tensor<?x4xf32>
  %out = kernel.call @p(%x, %r) : (tensor<?x32xf32>, tensor<?x4xf32>) -> !graph.qtensor<?x96, block = 32>
  graph.return %out : !graph.qtensor<?x96, block = 32>
}
}

// -----

// Experts cannot be chosen by some of the scores.
#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x32, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x32xf32>) -> tensor<?x4xf32> {
  %w = graph.param @w : !graph.weight<64x32, f32>
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  %s = graph.route %y top 2 : tensor<?x64xf32>
  kernel.yield %s : tensor<?x4xf32>
}
kernel.phase @p(%x: tensor<?x32xf32>) -> tensor<?x4xf32> attributes {reference = @r} {
  %w = graph.param @w : !graph.weight<64x32, f32>
  %y = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>, !graph.weight<64x32, f32>
  // expected-error @+1 {{expected whole rows of scores}}
  %s = graph.route %y top 2 {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %s : tensor<?x4xf32>
}
graph.layer @route_of_a_share(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %y = kernel.call @p(%x) : (tensor<?x32xf32>) -> tensor<?x4xf32>
  graph.return %x : tensor<?x32xf32>
}
}

// -----

// A share of attention is a head of 32 columns.
#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @n : !graph.weight<64, f32> at @f0, 0
kernel.reference @r(%x: tensor<?x64xf32>, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  kernel.yield %x : tensor<?x64xf32>
}
kernel.phase @p(%x: tensor<?x64xf32>, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> tensor<?x64xf32> attributes {reference = @r} {
  %n = graph.param @n : !graph.weight<64, f32>
  %a = graph.attention %x cache %kv, %tok heads 2 over 2 {scale = 0.125, mask = #graph.mask<causal>, kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens
  // expected-error @+1 {{expected shares of whole groups of 64 columns, but got shares of 32}}
  %m = graph.norm %a, %n {eps = 1.0e-5, group = 64, kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>, !graph.weight<64, f32>
  kernel.yield %m : tensor<?x64xf32>
}
graph.layer @norm_of_several_heads(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %e = kernel.call @p(%x, %kv, %tok) : (tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens) -> tensor<?x64xf32>
  graph.return %x : tensor<?x64xf32>
}
}
