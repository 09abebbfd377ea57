// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-verify-phase{phase=import},frit-verify-phase{phase=normalize},frit-verify-phase{phase=quantize},frit-verify-phase{phase=cache})" | FileCheck %s
// What keeps the contracts is marked with the last step.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
// CHECK: module attributes {frit.phase = "cache"
module attributes {machine.target = #target} {
graph.layer @layer(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %y = graph.rope %x, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
}
