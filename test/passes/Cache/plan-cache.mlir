// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-plan-cache)" | FileCheck %s --check-prefixes=CHECK,F16
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-plan-cache{type=f16})" | FileCheck %s --check-prefixes=CHECK,F16
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-plan-cache{type=f32})" | FileCheck %s --check-prefixes=CHECK,F32
// Caches without stores get them, wherever their type occurs; the rest of the type stays.

// F16: graph.layer @layer(%{{.*}}: tensor<?x64xf32>, %{{.*}}: !graph.tokens, %[[KV:.*]]: !kv.cache<3x64, value_dim = 32, k = <f16>, v = <f16>, window = 128>, %{{.*}}: index)
// F32: graph.layer @layer(%{{.*}}: tensor<?x64xf32>, %{{.*}}: !graph.tokens, %[[KV:.*]]: !kv.cache<3x64, value_dim = 32, k = <f32>, v = <f32>, window = 128>, %{{.*}}: index)
graph.layer @layer(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, value_dim = 32, window = 128>, %i: index) -> tensor<?x64xf32> {
  // F16-NEXT: kv.evict %[[KV]] slot 0 keep 1 : !kv.cache<3x64, value_dim = 32, k = <f16>, v = <f16>, window = 128>
  // F32-NEXT: kv.evict %[[KV]] slot 0 keep 1 : !kv.cache<3x64, value_dim = 32, k = <f32>, v = <f32>, window = 128>
  kv.evict %kv slot 0 keep 1 : !kv.cache<3x64, value_dim = 32, window = 128>
  graph.return %x : tensor<?x64xf32>
}

// CHECK-LABEL: graph.func @chosen_before
// CHECK-SAME:    (%{{.*}}: !kv.cache<3x64, k = <i8, token_head>, v = <f32>>)
graph.func @chosen_before(%kv: !kv.cache<3x64, k = <i8, token_head>, v = <f32>>) {
  graph.return
}

// Results and attributes, too.
// CHECK-LABEL: graph.func @everywhere
graph.func @everywhere() {
  // F16: kv.create capacity 64 {frit.type = !kv.cache<1x16, k = <f16>, v = <f16>>} : !kv.cache<1x16, k = <f16>, v = <f16>>
  // F32: kv.create capacity 64 {frit.type = !kv.cache<1x16, k = <f32>, v = <f32>>} : !kv.cache<1x16, k = <f32>, v = <f32>>
  %kv = kv.create capacity 64 {frit.type = !kv.cache<1x16>} : !kv.cache<1x16>
  graph.return
}
