// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" | FileCheck %s
// Routes that others read, too, come from a buffer, like an input that needs no prologue.

// Without a bias, scores choose; sigmoid(x) = 1 / (1 + exp(-x)).
// CHECK-LABEL: tile.phase @forward.route.m1
// CHECK: %[[S:.*]] = tile.load
// CHECK: %[[P:.*]] = tile.map(%[[S]] :
// CHECK: %[[N:.*]] = arith.negf
// CHECK: %[[E:.*]] = math.exp %[[N]]
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00
// CHECK: %[[D:.*]] = arith.addf %[[ONE]], %[[E]]
// CHECK: %[[Q:.*]] = arith.divf %[[ONE]], %[[D]]
// CHECK: tile.yield %[[Q]]
// CHECK: tile.top %[[P]] by %[[S]]

// CHECK-LABEL: tile.phase @forward.w.m6
// CHECK-NOT: tile.insert
// CHECK: %[[X:.*]] = tile.load @buffer.forward.embed[
// CHECK-SAME: !tile.tile<528x32>
// CHECK: %[[R:.*]] = tile.load @
// CHECK-SAME: !tile.tile<528x4>
// CHECK: tile.dispatch %[[R]]
// CHECK: tile.gather %[[X]]

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @w : !graph.weight<4x32x32, f16> at @f0, 0
graph.weight @t : !graph.weight<64x32, f32> at @f0, 0
graph.weight @u : !graph.weight<64x4, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens) -> tensor<?x4xf32> {
  %w = graph.param @w : !graph.weight<4x32x32, f16>
  %t = graph.param @t : !graph.weight<64x32, f32>
  %u = graph.param @u : !graph.weight<64x4, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %s = graph.embed %tok, %u : !graph.weight<64x4, f32>
  %r = graph.route %s top 2 {scoring = #graph.scoring<sigmoid>} : tensor<?x4xf32>
  %a = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f16>
  %y = graph.residual %r, %s : tensor<?x4xf32>
  graph.return %y : tensor<?x4xf32>
}
}
