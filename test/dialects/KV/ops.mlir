// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK-LABEL: graph.func @types
// CHECK-SAME: !kv.cache<3x64>
// CHECK-SAME: !kv.cache<3x64, value_dim = 32, k = <i8, token_head>, v = <f16>, window = 512>
// CHECK-SAME: !kv.cache<1x8, k = <i4, channel>, v = <bf16>>
// CHECK-SAME: !kv.caches<30>
graph.func @types(%a: !kv.cache<3 x 64>,
                  %b: !kv.cache<3x64, value_dim = 32, k = <i8, token_head>, v = <f16>, window = 512>,
                  %c: !kv.cache<1x8, v = <bf16>, k = <i4, channel>>,
                  %d: !kv.caches<30>) {
  graph.return
}

// CHECK: module attributes {frit.store = #kv.store<i8, token_head>}
module attributes {frit.store = #kv.store<i8, token_head>} {}

// CHECK-LABEL: graph.func @ops
graph.func @ops(%tok: !graph.tokens, %k: tensor<?x8xf32>, %v: tensor<?x6xf32>, %caches: !kv.caches<30>) {
  // CHECK: kv.layer %{{.*}}[29] : !kv.caches<30> -> !kv.cache<1x4>
  %l = kv.layer %caches[29] : !kv.caches<30> -> !kv.cache<1x4>
  // CHECK: kv.create capacity 16 : !kv.cache<1x4>
  %a = kv.create capacity 16 : !kv.cache<1x4>
  // CHECK: %[[KV:.*]] = kv.create capacity 128 slots 4 : !kv.cache<2x4, value_dim = 3>
  %kv = kv.create capacity 128 slots 4 : !kv.cache<2x4, value_dim = 3>
  // CHECK: kv.append %[[KV]], %{{.*}}, %{{.*}}, %{{.*}} : !kv.cache<2x4, value_dim = 3>, tensor<?x8xf32>, tensor<?x6xf32>, !graph.tokens
  kv.append %kv, %k, %v, %tok : !kv.cache<2x4, value_dim = 3>, tensor<?x8xf32>, tensor<?x6xf32>, !graph.tokens
  // CHECK: kv.evict %[[KV]] slot 3 keep 16 : !kv.cache<2x4, value_dim = 3>
  kv.evict %kv slot 3 keep 16 : !kv.cache<2x4, value_dim = 3>
  graph.return
}
