// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-quantize-activations)" --remarks-filter=quantize --verify-diagnostics -o /dev/null
// Each product says whether it computes with int8 activations, and why not.

module attributes {machine.target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 16, vector_registers = 8, instructions = [<"dot", 1, 4, 4, i8, ui8, i32>], memories = []>} {
graph.func @f(%x: tensor<?x64xf32>, %a: !graph.weight<32x64, q4_1>, %b: !graph.weight<32x64, f16>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  // expected-remark @+1 {{[Passed] Int8Activations | Category:quantize | Remark="int8 activations", block=32}}
  %y = graph.linear %x, %a : tensor<?x64xf32>, !graph.weight<32x64, q4_1>
  // expected-remark @+1 {{[Missed] Int8Activations | Category:quantize | Reason="the weight has no integer codes", format=f16}}
  %z = graph.linear %x, %b : tensor<?x64xf32>, !graph.weight<32x64, f16>
  graph.return %y, %z : tensor<?x32xf32>, tensor<?x32xf32>
}
}
