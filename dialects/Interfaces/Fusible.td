//===- Fusible.td - what fusion must know of an op -------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_INTERFACES_FUSIBLE
#define FRIT_DIALECTS_INTERFACES_FUSIBLE

include "mlir/IR/OpBase.td"

def FusibleOpInterface : OpInterface<"FusibleOpInterface"> {
  let cppNamespace = "::frit";
  let description = [{
    Says which part an op can play in a phase (docs/architecture.md, "Phases and anchors"). `fuse`
    forms phases from these answers and from the data flow alone.
  }];
  let methods = [
    InterfaceMethod<[{
      `Anchor`: owns the loops all cores share (matrix product, attention, gather).
      `Row`: needs a whole row of its input; cheap, so a consumer may recompute it (norm, quantize).
      `Local`: needs only the anchor's tile of each operand; can run before the tile leaves the core.
    }], "::frit::FusionRole", "getFusionRole">,
  ];
}

#endif // FRIT_DIALECTS_INTERFACES_FUSIBLE
