//===- Diagnostics.cpp - MLIR's diagnostics as messages -------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Diagnostics.h"

#include "lib/Driver/Output.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace frit;
using namespace frit::driver;

/// "model.mlir:3:5: ", "blk.0.attn_q: ", or nothing where the place says nothing: files without a
/// line are named by the messages themselves.
static std::string place(Location location) {
  return llvm::TypeSwitch<LocationAttr, std::string>(location)
      .Case([](FileLineColLoc file) -> std::string {
        if (file.getLine() == 0)
          return "";
        return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
                Twine(file.getColumn()) + ": ")
            .str();
      })
      .Case([](NameLoc name) { return name.getName().str() + ": "; })
      .Case([](CallSiteLoc call) { return place(call.getCallee()); })
      .Case([](FusedLoc fused) -> std::string {
        for (Location part : fused.getLocations())
          if (std::string text = place(part); !text.empty())
            return text;
        return "";
      })
      .Default([](LocationAttr) { return std::string(); });
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context, bool all)
    : context(context), all(all) {
  // Operations are too large to read; whoever wants them asks for --mlir-print-ir-after-failure.
  context.printOpOnDiagnostic(false);
  handler = context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    handle(diagnostic);
    return success();
  });
}

DiagnosticCollector::~DiagnosticCollector() { context.getDiagEngine().eraseHandler(handler); }

void DiagnosticCollector::handle(Diagnostic &diagnostic) {
  std::string message = place(diagnostic.getLocation()) + diagnostic.str();
  for (Diagnostic &note : diagnostic.getNotes())
    message += "\nnote: " + place(note.getLocation()) + note.str();
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    if (errors++ == 0)
      text = std::move(message);
    else if (all)
      text += "\nerror: " + message;
    return;
  case DiagnosticSeverity::Warning:
    return printWarning(message);
  case DiagnosticSeverity::Note:
    return printNote(message);
  case DiagnosticSeverity::Remark:
    return printRemark(message);
  }
}

Failure DiagnosticCollector::failure(llvm::StringRef fallback) const {
  if (errors == 0)
    return Failure(std::string_view(fallback));
  if (errors == 1 || all)
    return Failure(text);
  return Failure(text, "\nnote: ", errors - 1, " more errors after this one");
}
