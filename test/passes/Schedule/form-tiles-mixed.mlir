// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-tiles,canonicalize,cse)" | FileCheck %s
// Phases that `fuse` does not form: what a schedule takes in prologues and epilogues of other anchors.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [<"dot", 1, 16, 4, i8, ui8, i32>], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @norm : !graph.weight<64, f32> at @f0, 0
graph.weight @a : !graph.weight<64x64, f16> at @f0, 0
graph.weight @b : !graph.weight<64x64, f16> at @f0, 0
graph.weight @down : !graph.weight<64x64, q8_0> at @f0, 0
graph.weight @values : !graph.weight<32x64, f16> at @f0, 0
graph.weight @scores : !graph.weight<4x64, f16> at @f0, 0
graph.weight @experts : !graph.weight<4x32x64, f16> at @f0, 0
graph.weight @others : !graph.weight<4x32x64, f16> at @f0, 0

// Rows: the norm behind a branch, the sum, the norm of that and its codes, with two results.
// CHECK-LABEL: tile.phase @rows.m6
// CHECK-SAME:    inputs [@[[B:.*]], @buffer.residual] outputs [@[[SUM:.*]], @[[CODES:.*]]] {
// CHECK:           %[[X:.*]] = tile.load @[[B]][%[[T:.*]], %c0] valid %{{.*}} : !tile.tile<6x64>
// CHECK:           tile.reduce add
// CHECK:           %[[S:.*]] = tile.load @buffer.residual[%[[T]], %c0] : !tile.tile<6x64>
// CHECK-NEXT:      %[[Y:.*]] = tile.map(%[[S]], %{{.*}} :
// CHECK:           tile.reduce add
// CHECK:           %[[Q:.*]] = tile.quantize
// CHECK-NEXT:      tile.store %[[Y]], @[[SUM]][%[[T]], %c0] : !tile.tile<6x64>
// CHECK-NEXT:      tile.store %[[Q]], @[[CODES]][%[[T]], %c0] : !tile.qtile<6x64, block = 32>
kernel.reference @rows.reference(%b: tensor<?x64xf32>, %x: tensor<?x64xf32>) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>) {
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  kernel.yield %x, %q : tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>
}
kernel.phase @rows(%b: tensor<?x64xf32>, %x: tensor<?x64xf32>) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>) attributes {reference = @rows.reference} {
  %w = graph.param @norm : !graph.weight<64, f32>
  %n = graph.norm %b, %w {eps = 1.0e-5, kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64, f32>
  %h = graph.residual %x, %n {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  %m = graph.norm %h, %w {eps = 1.0e-5, kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>, !graph.weight<64, f32>
  %q = graph.quantize %m by 32 {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %h, %q : tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>
}

// Codes leave a product in shares of whole blocks.
// CHECK-LABEL: tile.phase @codes.m6
// CHECK:         tile.shares %c2
// CHECK:           %[[C:.*]] = arith.muli %{{.*}}, %c32 : index
// CHECK:           %[[G:.*]] = tile.map(
// CHECK-SAME:        -> !tile.tile<6x32>
// CHECK:           %[[Q:.*]] = tile.quantize %[[G]] : !tile.tile<6x32> -> !tile.qtile<6x32, block = 32>
// CHECK-NEXT:      tile.store %[[Q]], @{{.*}}[%{{.*}}, %[[C]]] : !tile.qtile<6x32, block = 32>
kernel.reference @codes.reference(%x: tensor<?x64xf32>) -> !graph.qtensor<?x64, block = 32> {
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  kernel.yield %q : !graph.qtensor<?x64, block = 32>
}
kernel.phase @codes(%x: tensor<?x64xf32>) -> !graph.qtensor<?x64, block = 32> attributes {reference = @codes.reference} {
  %a = graph.param @a : !graph.weight<64x64, f16>
  %b = graph.param @b : !graph.weight<64x64, f16>
  %g = graph.linear %x, %a {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %u = graph.linear %x, %b {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %f = graph.glu %g, %u silu {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  %q = graph.quantize %f by 32 {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %q : !graph.qtensor<?x64, block = 32>
}

// A share of heads appends those of the other side, which another phase computed.
// CHECK-LABEL: tile.phase @heads.m6
// CHECK-SAME:    inputs [@{{[^ ]*}}, @[[V:[^ ]*]]] outputs [] {
// CHECK:         tile.shares %c2
// CHECK:           %[[C:.*]] = arith.muli %[[S:.*]], %c32 : index
// CHECK:           %[[K:.*]] = tile.rotate
// CHECK-NEXT:      %[[H:.*]] = arith.divui %[[C]], %c32 : index
// CHECK-NEXT:      tile.append keys %[[K]][%[[H]]]
// CHECK:           %[[VC:.*]] = arith.muli %[[H]], %c16 : index
// CHECK-NEXT:      %[[VT:.*]] = tile.load @[[V]][%{{.*}}, %[[VC]]] : !tile.tile<6x16>
// CHECK-NEXT:      tile.append values %[[VT]][%[[H]]]
kernel.reference @heads.reference(%x: tensor<?x64xf32>, %v: tensor<?x32xf32>, %kv: !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, %tok: !graph.tokens) {
  kernel.yield
}
kernel.phase @heads(%x: tensor<?x64xf32>, %v: tensor<?x32xf32>, %kv: !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, %tok: !graph.tokens) attributes {reference = @heads.reference} {
  %a = graph.param @a : !graph.weight<64x64, f16>
  %k = graph.linear %x, %a {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %r = graph.rope %k, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4, kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kv.append %kv, %r, %v, %tok {kernel.role = #kernel.role<epilogue>} : !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, tensor<?x64xf32>, tensor<?x32xf32>, !graph.tokens
  kernel.yield
}

// Ops on tiles, too, are recomputed: the sum of two stored values, its norm, its codes.
// CHECK-LABEL: tile.phase @prologue.m6
// CHECK-DAG:       %[[X:.*]] = tile.load @{{.*}}[%[[B:.*]], %c0] valid %[[N:.*]] : !tile.tile<48x64>
// CHECK-DAG:       %[[Y:.*]] = tile.load @{{.*}}[%[[B]], %c0] valid %[[N]] : !tile.tile<48x64>
// CHECK:           tile.map(%{{.*}}, %{{.*}} : !tile.tile<48x64>, !tile.tile<48x64>)
// CHECK:           tile.quantize
// CHECK:           tile.shares
kernel.reference @prologue.reference(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  kernel.yield %x : tensor<?x64xf32>
}
kernel.phase @prologue(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {reference = @prologue.reference} {
  %w = graph.param @norm : !graph.weight<64, f32>
  %d = graph.param @down : !graph.weight<64x64, q8_0>
  %h = graph.residual %x, %y {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
  %n = graph.norm %h, %w {eps = 1.0e-5, kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>, !graph.weight<64, f32>
  %q = graph.quantize %n by 32 {kernel.role = #kernel.role<prologue>} : tensor<?x64xf32>
  %z = graph.linear %q, %d {kernel.role = #kernel.role<anchor>} : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q8_0>
  kernel.yield %z : tensor<?x64xf32>
}

// Codes of parts.
// CHECK-LABEL: tile.phase @parts.m6
// CHECK:           %[[Q:.*]] = tile.quantize %{{.*}} : !tile.tile<6x32> -> !tile.qtile<6x32, block = 32>
// CHECK-NEXT:      tile.scatter %[[Q]], @{{.*}}[%{{.*}}] of
// CHECK-SAME:        !tile.qtile<6x32, block = 32>
kernel.reference @parts.reference(%x: tensor<?x64xf32>, %s: tensor<?x4xf32>) -> !graph.qtensor<?x64, block = 32> {
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  kernel.yield %q : !graph.qtensor<?x64, block = 32>
}
kernel.phase @parts(%x: tensor<?x64xf32>, %s: tensor<?x4xf32>) -> !graph.qtensor<?x64, block = 32> attributes {reference = @parts.reference} {
  %e = graph.param @experts : !graph.weight<4x32x64, f16>
  %r = graph.route %s top 2 {kernel.role = #kernel.role<prologue>} : tensor<?x4xf32>
  %g = graph.experts %x, %r, %e each {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x64, f16>
  %q = graph.quantize %g by 32 {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %q : !graph.qtensor<?x64, block = 32>
}

// Products with experts that do not meet: shares of the one, then of the other.
// CHECK-LABEL: tile.phase @siblings.m6
// CHECK-SAME:    outputs [@[[A:.*]], @[[B:.*]]] {
// CHECK:         = tile.dispatch
// CHECK-NOT:     = tile.dispatch
// CHECK:         tile.shares
// CHECK:           tile.weights @pack.experts[
// CHECK:             tile.scatter %{{.*}}, @[[A]][
// CHECK:           tile.weights @pack.others[
// CHECK:             tile.scatter %{{.*}}, @[[B]][
kernel.reference @siblings.reference(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  kernel.yield %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
}
kernel.phase @siblings(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) attributes {reference = @siblings.reference} {
  %e = graph.param @experts : !graph.weight<4x32x64, f16>
  %f = graph.param @others : !graph.weight<4x32x64, f16>
  %a = graph.experts %x, %r, %e each {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x64, f16>
  %b = graph.experts %x, %r, %f each {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<4x32x64, f16>
  kernel.yield %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

// Codes of a head's values, and an attention's own rows beside them.
// CHECK-LABEL: tile.phase @attention.m6
// CHECK:           %[[Q:.*]] = tile.quantize %[[A:.*]] : !tile.tile<6x32> -> !tile.qtile<6x32, block = 32>
// CHECK-NEXT:      tile.store %[[A]]
// CHECK-NEXT:      tile.store %[[Q]]
kernel.reference @attention.reference(%x: tensor<?x64xf32>, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>) {
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  kernel.yield %x, %q : tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>
}
kernel.phase @attention(%x: tensor<?x64xf32>, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %tok: !graph.tokens) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>) attributes {reference = @attention.reference} {
  %a = graph.attention %x cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>, kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens
  %q = graph.quantize %a by 32 {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %a, %q : tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>
}

// What the others read.
kernel.reference @narrow.reference(%x: tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x64xf32>) {
  %v = graph.param @values : !graph.weight<32x64, f16>
  %w = graph.param @scores : !graph.weight<4x64, f16>
  %y = graph.linear %x, %v : tensor<?x64xf32>, !graph.weight<32x64, f16>
  %z = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<4x64, f16>
  %a = graph.param @a : !graph.weight<64x64, f16>
  %u = graph.linear %x, %a : tensor<?x64xf32>, !graph.weight<64x64, f16>
  kernel.yield %y, %z, %u : tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x64xf32>
}
kernel.phase @narrow(%x: tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x64xf32>) attributes {reference = @narrow.reference} {
  %v = graph.param @values : !graph.weight<32x64, f16>
  %w = graph.param @scores : !graph.weight<4x64, f16>
  %y = graph.linear %x, %v {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<32x64, f16>
  %z = graph.linear %x, %w {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<4x64, f16>
  %a = graph.param @a : !graph.weight<64x64, f16>
  %u = graph.linear %x, %a {kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64x64, f16>
  kernel.yield %y, %z, %u : tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x64xf32>
}
kernel.reference @last.reference(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  kernel.yield %x : tensor<?x64xf32>
}
// A norm of the stream that the layer changes: whole rows, by whoever writes them.
// CHECK-LABEL: tile.phase @last.m6
// CHECK-SAME:    inputs [@buffer.residual, @{{.*}}] outputs [@buffer.residual] {
kernel.phase @last(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {reference = @last.reference} {
  %w = graph.param @norm : !graph.weight<64, f32>
  %n = graph.norm %x, %w {eps = 1.0e-5, kernel.role = #kernel.role<anchor>} : tensor<?x64xf32>, !graph.weight<64, f32>
  %h = graph.residual %y, %n {kernel.role = #kernel.role<epilogue>} : tensor<?x64xf32>
  kernel.yield %h : tensor<?x64xf32>
}

graph.layer @layer(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kw: !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %v, %s, %u = kernel.call @narrow(%x) : (tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x64xf32>)
  kernel.call @heads(%x, %v, %kw, %tok) : (tensor<?x64xf32>, tensor<?x32xf32>, !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, !graph.tokens) -> ()
  %c = kernel.call @codes(%x) : (tensor<?x64xf32>) -> !graph.qtensor<?x64, block = 32>
  %p = kernel.call @parts(%x, %s) : (tensor<?x64xf32>, tensor<?x4xf32>) -> !graph.qtensor<?x64, block = 32>
  %e, %f = kernel.call @siblings(%x, %s) : (tensor<?x64xf32>, tensor<?x4xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
  %y = kernel.call @prologue(%x, %u) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %h, %q = kernel.call @rows(%y, %x) : (tensor<?x64xf32>, tensor<?x64xf32>) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>)
  %z = kernel.call @last(%x, %h) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  graph.return %z : tensor<?x64xf32>
}
graph.layer @other(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %a, %q = kernel.call @attention(%x, %kv, %tok) : (tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens) -> (tensor<?x64xf32>, !graph.qtensor<?x64, block = 32>)
  graph.return %x : tensor<?x64xf32>
}
}
