//===- Inspect.cpp - frit inspect -----------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Inspect.h"

#include "dialects/Machine/Machine.h"
#include "lib/Driver/BundleFile.h"
#include "lib/Driver/DescribePhases.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/Output.h"
#include "lib/Pack/Packer.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <map>

using namespace frit;
using namespace frit::driver;
using llvm::json::Array;
using llvm::json::Object;

static void printJSON(llvm::json::Value value) {
  llvm::outs() << llvm::formatv("{0:2}", std::move(value)) << "\n";
}

namespace {
/// One line of the table of packs.
struct PackLine {
  std::string name, order, sources;
  int64_t rows = 0, bytes = 0;

  Object toJSON() const {
    return Object{
        {"name", name}, {"order", order}, {"sources", sources}, {"rows", rows}, {"bytes", bytes}};
  }
};
} // namespace

namespace {
/// One line of the table of buffers.
struct BufferLine {
  std::string name, rows;
  int64_t columns = 0, block = 0, rowBytes = 0;

  std::string elements() const { return block ? fmt::format("int8 by {}", block) : "f32"; }
  Object toJSON() const {
    return Object{{"name", name},
                  {"rows", rows},
                  {"columns", columns},
                  {"elements", elements()},
                  {"row_bytes", rowBytes}};
  }
};
} // namespace

static void printBuffers(llvm::ArrayRef<BufferLine> buffers) {
  size_t nameWidth = 6;
  for (const BufferLine &buffer : buffers)
    nameWidth = std::max(nameWidth, buffer.name.size());
  llvm::outs() << fmt::format("\n{:{}}  elements    columns  of rows a\n", "buffer", nameWidth);
  for (const BufferLine &buffer : buffers)
    llvm::outs() << fmt::format("{:{}}  {:10}{:9}  {}\n", buffer.name, nameWidth, buffer.elements(),
                                buffer.columns, buffer.rows == "wanted" ? "wanted token" : "token");
}

static void printPacks(llvm::ArrayRef<PackLine> packs) {
  size_t nameWidth = 4;
  for (const PackLine &pack : packs)
    nameWidth = std::max(nameWidth, pack.name.size());
  llvm::outs() << fmt::format("\n{:{}}  order   rows         bytes  of\n", "pack", nameWidth);
  for (const PackLine &pack : packs)
    llvm::outs() << fmt::format("{:{}}  {:5}{:7}{:>14}  {}\n", pack.name, nameWidth, pack.order,
                                pack.rows, bytesText(static_cast<double>(pack.bytes)),
                                pack.sources);
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

static Result<std::vector<PackLine>> packsOf(mlir::ModuleOp module) {
  std::vector<PackLine> lines;
  Result<std::vector<PackLayout>> layouts = layOutPacks(module);
  if (!layouts)
    return layouts.takeFailure();
  for (const PackLayout &layout : *layouts) {
    tile::PackOp op = layout.op;
    PackLine line;
    line.name = op.getSymName().str();
    line.order = tile::stringifyOrder(op.getOrder()).str();
    for (mlir::Attribute source : op.getSources()) {
      auto symbol = llvm::cast<mlir::SymbolRefAttr>(source);
      line.sources += (line.sources.empty() ? "" : ", ") + symbol.getLeafReference().str();
    }
    line.rows = layout.rows;
    line.bytes = layout.strideBytes * layout.rows;
    lines.push_back(std::move(line));
  }
  return lines;
}

static std::vector<BufferLine> buffersOf(mlir::ModuleOp module) {
  std::vector<BufferLine> lines;
  for (tile::BufferOp op : module.getOps<tile::BufferOp>())
    lines.push_back({op.getSymName().str(), tile::stringifyRows(op.getRows()).str(),
                     static_cast<int64_t>(op.getColumns()), op.blockColumns(), op.rowBytes()});
  return lines;
}

template <typename Line>
static Array toJSON(const std::vector<Line> &lines) {
  Array list;
  for (const Line &line : lines)
    list.push_back(line.toJSON());
  return list;
}

/// A checkpoint or a .mlir file.
static Status inspectSource(const CompileRequest &request, bool json) {
  Compilation compilation(request);
  if (Status status = compilation.load(); !status)
    return status;
  mlir::ModuleOp module = compilation.module();
  std::vector<PackLine> packs;
  if (compilation.phase() >= PhaseId::Schedule) {
    Result<std::vector<PackLine>> found = packsOf(module);
    if (!found)
      return found.takeFailure();
    packs = *std::move(found);
  }
  std::vector<BufferLine> buffers = buffersOf(module);
  ModelDescription description = describeAnyModel(module);
  std::string target = machine::getTarget(module).getName().str();
  std::string phase = phaseInfo(compilation.phase()).name.str();
  if (json) {
    llvm::json::Value value = description.toJSON();
    Object &object = *value.getAsObject();
    object["kind"] = "model";
    object["phase"] = phase;
    object["target"] = target;
    object["packs"] = toJSON(packs);
    object["buffers"] = toJSON(buffers);
    printJSON(std::move(value));
    return {};
  }
  description.print(llvm::outs());
  if (!packs.empty())
    printPacks(packs);
  if (!buffers.empty())
    printBuffers(buffers);
  return {};
}

//===----------------------------------------------------------------------===//
// Bundles
//===----------------------------------------------------------------------===//

namespace {
/// Fields of a manifest; what is missing reads as empty.
class Fields {
public:
  explicit Fields(const Object *object) : object(object ? object : &empty()) {}
  Fields in(llvm::StringRef name) const { return Fields(object->getObject(name)); }
  std::string text(llvm::StringRef name) const {
    return object->getString(name).value_or("").str();
  }
  int64_t number(llvm::StringRef name) const { return object->getInteger(name).value_or(0); }
  std::vector<Fields> list(llvm::StringRef name) const {
    std::vector<Fields> result;
    if (const Array *array = object->getArray(name))
      for (const llvm::json::Value &element : *array)
        result.push_back(Fields(element.getAsObject()));
    return result;
  }
  std::string texts(llvm::StringRef name, llvm::StringRef separator) const {
    std::string result;
    if (const Array *array = object->getArray(name))
      for (const llvm::json::Value &element : *array)
        result +=
            (result.empty() ? "" : separator.str()) + element.getAsString().value_or("").str();
    return result;
  }

private:
  static const Object &empty() {
    static const Object none;
    return none;
  }

  const Object *object;
};
} // namespace

static Status inspectBundle(const std::string &path, bool json) {
  Result<BundleFile> file = BundleFile::read(path);
  if (!file)
    return file.takeFailure();
  Fields manifest(file->manifest.getAsObject());
  Fields model = manifest.in("model"), options = manifest.in("options"),
         target = manifest.in("target"), source = manifest.in("source");
  int64_t keyValueElements = 0, keyValueBytes = 0;
  std::vector<Fields> caches = manifest.list("caches");
  for (const Fields &cache : caches) {
    int64_t keys = cache.number("heads") * cache.number("key_dim");
    int64_t values = cache.number("heads") * cache.number("value_dim");
    keyValueElements += keys + values;
    keyValueBytes += keys * (cache.text("key_type") == "f16" ? 2 : 4) +
                     values * (cache.text("value_type") == "f16" ? 2 : 4);
  }
  std::vector<PackLine> packs;
  for (const Fields &pack : manifest.list("packs"))
    packs.push_back({pack.text("name"), pack.text("order"), pack.texts("sources", ", "),
                     pack.number("rows"), pack.number("stride") * pack.number("rows")});
  std::vector<BufferLine> buffers;
  for (const Fields &buffer : manifest.list("buffers"))
    buffers.push_back({buffer.text("name"), buffer.text("rows"), buffer.number("columns"),
                       buffer.number("block"), buffer.number("row_bytes")});

  if (json) {
    Array sectionList, programList, layerList;
    for (const BundleSection &section : file->sections)
      if (const char *name = bundleSectionName(section.kind))
        sectionList.push_back(
            Object{{"name", name}, {"bytes", static_cast<int64_t>(section.bytes)}});
    for (const Fields &program : manifest.list("programs"))
      programList.push_back(Object{{"name", program.text("name")},
                                   {"max_tokens", program.number("max_tokens")},
                                   {"steps", static_cast<int64_t>(program.list("steps").size())}});
    for (const Fields &cache : caches)
      layerList.push_back(Object{{"kv_heads", cache.number("heads")},
                                 {"key_dim", cache.number("key_dim")},
                                 {"value_dim", cache.number("value_dim")},
                                 {"key_type", cache.text("key_type")},
                                 {"value_type", cache.text("value_type")},
                                 {"window", cache.number("window")}});
    printJSON(Object{{"kind", "bundle"},
                     {"model", model.text("name")},
                     {"architecture", model.text("architecture")},
                     {"file", source.text("file")},
                     {"context_length", model.number("context_length")},
                     {"vocabulary", model.number("vocabulary")},
                     {"hidden", model.number("hidden")},
                     {"layers", model.number("layers")},
                     {"kv_bytes_per_token", Object{{"f16", keyValueElements * 2},
                                                   {"f32", keyValueElements * 4},
                                                   {"bundle", keyValueBytes}}},
                     {"target", target.text("name")},
                     {"features", target.texts("features", " ")},
                     {"activations", options.text("activations")},
                     {"kv_cache_type", options.text("kv_cache_type")},
                     {"fusion", options.text("fusion")},
                     {"frit_version", manifest.text("frit")},
                     {"llvm_version", manifest.text("llvm")},
                     {"bundle_bytes", static_cast<int64_t>(file->fileBytes)},
                     {"sections", std::move(sectionList)},
                     {"programs", std::move(programList)},
                     {"caches", std::move(layerList)},
                     {"packs", toJSON(packs)},
                     {"buffers", toJSON(buffers)}});
    return {};
  }

  auto line = [](llvm::StringRef label, const llvm::Twine &text) {
    llvm::outs() << llvm::left_justify(label, 14) << text << "\n";
  };
  line("bundle", path + ", " + bytesText(static_cast<double>(file->fileBytes)));
  line("model", model.text("name"));
  line("architecture", model.text("architecture"));
  line("compiled from", source.text("file"));
  line("compiled by", "frit " + manifest.text("frit") + ", LLVM " + manifest.text("llvm"));
  line("compiled for", target.text("name") + " (" + target.texts("features", " ") + ")");
  line("activations", options.text("activations"));
  line("fusion", options.text("fusion"));
  line("context", llvm::Twine(model.number("context_length")) + " tokens");
  line("vocabulary", llvm::Twine(model.number("vocabulary")) + " tokens");
  line("hidden", llvm::Twine(model.number("hidden")));
  line("layers", llvm::Twine(model.number("layers")));
  line("KV cache", bytesText(static_cast<double>(keyValueBytes)) + " a token as " +
                       options.text("kv_cache_type") +
                       " (f16: " + bytesText(static_cast<double>(keyValueElements * 2)) +
                       ", f32: " + bytesText(static_cast<double>(keyValueElements * 4)) + ")");
  std::map<int64_t, size_t> windows;
  for (const Fields &cache : caches)
    ++windows[cache.number("window")];
  for (auto [tokens, layers] : windows)
    if (tokens)
      line("window", llvm::Twine(tokens) + " tokens in " + llvm::Twine(layers) + " of " +
                         llvm::Twine(caches.size()) + " layers");
  for (const BundleSection &section : file->sections)
    if (const char *name = bundleSectionName(section.kind))
      line(name, bytesText(static_cast<double>(section.bytes)));
  for (const Fields &program : manifest.list("programs"))
    line("program", program.text("name") + ", up to " + llvm::Twine(program.number("max_tokens")) +
                        " tokens, " + llvm::Twine(program.list("steps").size()) + " steps");
  printPacks(packs);
  printBuffers(buffers);
  return {};
}

int frit::driver::inspectModel(const CompileRequest &request, bool json) {
  Result<ModelKind> kind = recognizeModel(request.path);
  Status status;
  if (!kind)
    status = kind.takeFailure();
  else if (*kind == ModelKind::Bundle)
    status = inspectBundle(request.path, json);
  else
    status = inspectSource(request, json);
  if (status)
    return ExitSuccess;
  printError(status.error());
  return ExitFailure;
}
