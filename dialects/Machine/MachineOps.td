//===- MachineOps.td - the machine as attributes ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_DIALECTS_MACHINE_MACHINEOPS
#define FRIT_DIALECTS_MACHINE_MACHINEOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Machine_Dialect : Dialect {
  let name = "machine";
  let cppNamespace = "::frit::machine";
  let summary = "The machine a module is compiled for, as data";
  let description = [{
    Attributes only. `#machine.target` stands on the module as `machine.target` and is read from a
    description (lib/Machine/descriptions/*.json). It states facts, never policy; a figure that is not
    known is absent.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Machine_Attr<string name, string attrMnemonic> : AttrDef<Machine_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Machine_InstructionAttr : Machine_Attr<"Instruction", "instruction"> {
  let summary = "A matrix instruction";
  let description = [{
    Computes an M x N tile of sums over K: `lhs` are activations, `rhs` weights, `acc` the sums.

    Example: `#machine.instruction<"dot4.512", 1, 16, 4, i8, ui8, i32>`.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$m, "int64_t":$n, "int64_t":$k,
                        "::mlir::Type":$lhs, "::mlir::Type":$rhs, "::mlir::Type":$acc);
  let assemblyFormat = "`<` $name `,` $m `,` $n `,` $k `,` $lhs `,` $rhs `,` $acc `>`";
  let genVerifyDecl = 1;
}

def Machine_MemoryAttr : Machine_Attr<"Memory", "memory"> {
  let summary = "A memory";
  let description = [{
    `scope` says who shares it: core, die or machine.

    Example: `#machine.memory<"l2", 1048576, "core">`.
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$bytes, StringRefParameter<>:$scope);
  let assemblyFormat = "`<` $name `,` $bytes `,` $scope `>`";
  let genVerifyDecl = 1;
}

def Machine_TargetAttr : Machine_Attr<"Target", "target"> {
  let summary = "A machine";
  let description = [{
    `features` are LLVM target features that code may use and that a bundle demands; `vectorBytes` is
    the width of a vector register, `vectorRegisters` their number.

    Example:
    ```mlir
    #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
      features = ["v"], vector_bytes = 32, vector_registers = 16,
      instructions = [<"dot4.256", 1, 8, 4, i8, ui8, i32>], memories = [<"l1", 32768, "core">]>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$name, StringRefParameter<>:$triple, StringRefParameter<>:$cpu,
                        ArrayRefParameter<"::mlir::StringAttr">:$features,
                        "int64_t":$vectorBytes, "int64_t":$vectorRegisters,
                        ArrayRefParameter<"::frit::machine::InstructionAttr">:$instructions,
                        ArrayRefParameter<"::frit::machine::MemoryAttr">:$memories);
  let assemblyFormat = [{
    `<` $name `,` `triple` `=` $triple `,` `cpu` `=` $cpu `,` `features` `=` custom<List>($features) `,`
    `vector_bytes` `=` $vectorBytes `,` `vector_registers` `=` $vectorRegisters `,`
    `instructions` `=` custom<List>($instructions) `,` `memories` `=` custom<List>($memories) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool hasFeature(::llvm::StringRef feature) const;
    /// The instruction called `name`; null when the machine lacks it.
    InstructionAttr findInstruction(::llvm::StringRef name) const;
    /// Number of f32 elements of a vector register.
    int64_t vectorLanes() const { return getVectorBytes() / 4; }
  }];
}

#endif // FRIT_DIALECTS_MACHINE_MACHINEOPS
