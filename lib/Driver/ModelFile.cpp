//===- ModelFile.cpp - from a MODEL argument to a model that runs ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ModelFile.h"

#include "frit/Machine/MachineModel.h"
#include "lib/Driver/CompileCache.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Version.h"
#include "lib/Runtime/BundleFormat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace frit;
using namespace frit::driver;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

//===----------------------------------------------------------------------===//
// What a file is
//===----------------------------------------------------------------------===//

Result<ModelKind> frit::driver::recognizeModel(llvm::StringRef file) {
  std::string name = file.str();
  auto failure = [&](int error) {
    return Failure("cannot open '", name, "': ", std::strerror(error));
  };
  int descriptor = open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return failure(errno);
  struct stat status;
  char bytes[sizeof(bundleMagic)] = {};
  int error = fstat(descriptor, &status) != 0 ? errno : 0;
  bool regular = error == 0 && S_ISREG(status.st_mode);
  if (regular && pread(descriptor, bytes, sizeof(bytes), 0) < 0)
    error = errno;
  close(descriptor);
  if (error)
    return failure(error);
  if (S_ISDIR(status.st_mode) || file.ends_with(".safetensors"))
    return ModelKind::Checkpoint;
  if (!regular)
    return Failure("'", name, "' is no regular file");
  llvm::StringRef begin(bytes, sizeof(bytes));
  if (begin == llvm::StringRef(bundleMagic, sizeof(bundleMagic)))
    return ModelKind::Bundle;
  if (begin.starts_with("GGUF"))
    return ModelKind::Checkpoint;
  // Their readers know best what is wrong with files that only are called so.
  if (file.ends_with(".mlir"))
    return ModelKind::MLIR;
  if (file.ends_with(".gguf"))
    return ModelKind::Checkpoint;
  if (file.ends_with(".frit"))
    return ModelKind::Bundle;
  return Failure("'", name, "' is no model: expected a bundle, ", std::string_view(sourceKinds));
}

Result<ModelKind> frit::driver::recognizeSource(llvm::StringRef file, llvm::StringRef why) {
  Result<ModelKind> kind = recognizeModel(file);
  if (kind && *kind == ModelKind::Bundle)
    return Failure("'", std::string_view(file), "' is compiled already", std::string_view(why),
                   ": expected ", std::string_view(sourceKinds));
  return kind;
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

/// What besides the model's name decides which files it is read from.
static std::string cacheSubject(const CompileRequest &request) {
  llvm::SmallString<256> absolute(request.path);
  // Fails only where there is no working directory, and then no relative path can be opened.
  (void)fs::make_absolute(absolute);
  return std::string(absolute) + '\0' + request.options.weightsDirectory;
}

static Result<std::vector<HashedFile>> hashFiles(Compilation &compilation,
                                                 const CompileRequest &request) {
  std::vector<std::string> paths = compilation.files();
  auto isModel = [&](const std::string &file) {
    bool same = false;
    return !fs::equivalent(file, request.path, same) && same;
  };
  if (!fs::is_directory(request.path) && llvm::none_of(paths, isModel))
    paths.insert(paths.begin(), request.path);
  std::vector<HashedFile> files;
  for (const std::string &file : paths) {
    Result<HashedFile> hashed = hashFile(file);
    if (!hashed)
      return hashed.takeFailure();
    files.push_back(*hashed);
  }
  return files;
}

/// Everything that the bundle depends on.
static Result<std::string> cacheKey(const CompileRequest &request,
                                    llvm::ArrayRef<HashedFile> files) {
  const CompilerOptions &options = request.options;
  std::string text = compilerIdentity();
  auto add = [&](llvm::StringRef part) { text += '\0' + part.str(); };
  for (const HashedFile &file : files) {
    add(file.hash);
    // What a file of a Hugging Face directory says depends on its name.
    llvm::StringRef name = path::filename(file.stamp.path);
    if (name.ends_with(".json") || name.ends_with(".jinja"))
      add(name);
  }
  // A built-in description is part of the compiler; native may be what frit calibrate measured.
  add(options.target);
  if (options.target == "native") {
    Result<std::string> machine = machineText(options.target);
    if (!machine)
      return machine.takeFailure();
    add(*machine);
  }
  for (llvm::StringRef file :
       {llvm::StringRef(options.target), llvm::StringRef(options.archSpecPath)})
    if (file.ends_with(".json")) {
      Result<HashedFile> hashed = hashFile(file);
      if (!hashed)
        return hashed.takeFailure();
      add(hashed->hash);
    }
  add(options.like);
  add(options.pipeline.activations);
  add(options.pipeline.kvCacheType);
  add(options.pipeline.fusion);
  add(std::to_string(options.pipeline.maxTokens));
  return hashText(text);
}

/// The part of a bundle's name that is for people.
static std::string cacheName(llvm::StringRef file) {
  std::string name = path::stem(file).take_front(64).str();
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '.' && c != '_' && c != '-')
      c = '_';
  return name;
}

/// A directory that is gone, with what is in it, when the object is.
class TemporaryDirectory {
public:
  Status create() {
    llvm::SmallString<256> base;
    path::system_temp_directory(/*ErasedOnReboot=*/true, base);
    std::string model = std::string(base) + "/frit-XXXXXX";
    if (!mkdtemp(model.data()))
      return Failure("cannot create a temporary directory in '", std::string_view(base.str()),
                     "': ", std::strerror(errno));
    directory = model;
    return {};
  }
  ~TemporaryDirectory() {
    if (!directory.empty())
      (void)fs::remove_directories(directory);
  }
  std::string file(llvm::StringRef name) const { return directory + "/" + name.str(); }

private:
  std::string directory;
};

/// As Linux estimates it; 0 if it does not say.
static uint64_t availableBytes() {
  auto info = llvm::MemoryBuffer::getFileAsStream("/proc/meminfo");
  if (!info)
    return 0;
  llvm::StringRef rest = (*info)->getBuffer().split("MemAvailable:").second.ltrim();
  uint64_t kilobytes = 0;
  return rest.consumeInteger(10, kilobytes) ? 0 : kilobytes * 1024;
}

static bool useHugePages(HugePages wanted, const std::string &bundle) {
  if (wanted != HugePages::Auto)
    return wanted == HugePages::On;
  uint64_t bytes = 0;
  return !fs::file_size(bundle, bytes) && bytes <= availableBytes() / 3;
}

static Result<ModelHandle> openBundle(const std::string &bundle, HugePages hugePages) {
  frit_model_options options = {};
  options.size = sizeof(options);
  options.huge_pages = useHugePages(hugePages, bundle);
  frit_model *model = nullptr;
  if (frit_model_open(bundle.c_str(), &options, &model) != FRIT_OK)
    return runtimeFailure();
  return ModelHandle(model);
}

namespace {

/// The way of one model through the cache.
class CachedModel {
public:
  CachedModel(const CompileRequest &request, HugePages hugePages)
      : request(request), hugePages(hugePages), cache(CompileCache::open()),
        subject(cacheSubject(request)), name(cacheName(request.path)) {}

  /// \param compiled whether that was necessary.
  Result<ModelHandle> open(bool &compiled);

private:
  Status findBundle();
  std::optional<ModelHandle> openKnown() const;
  Result<ModelHandle> compileWithoutCache(Compilation &compilation, const std::string &why) const;
  Status checkUnchanged() const;

  const CompileRequest &request;
  HugePages hugePages;
  Result<CompileCache> cache;
  std::string subject, name;
  std::vector<HashedFile> files;
  std::string bundle; ///< where it belongs; empty: not known
};

} // namespace

/// Names the bundle of the files.
Status CachedModel::findBundle() {
  Result<std::string> key = cacheKey(request, files);
  if (!key)
    return key.takeFailure();
  bundle = cache->bundlePath(name, *key);
  return {};
}

/// A damaged bundle is as good as none: it is replaced.
std::optional<ModelHandle> CachedModel::openKnown() const {
  if (!fs::exists(bundle))
    return std::nullopt;
  Result<ModelHandle> model = openBundle(bundle, hugePages);
  if (!model)
    return std::nullopt;
  cache->touch(bundle);
  return *std::move(model);
}

Result<ModelHandle> CachedModel::compileWithoutCache(Compilation &compilation,
                                                     const std::string &why) const {
  TemporaryDirectory directory;
  if (Status status = directory.create(); !status)
    return Failure(why, "; ", status.error());
  printWarning(why + "; the compiled model is not kept");
  std::string file = directory.file("model.frit");
  if (Status status = compilation.write(file); !status)
    return status.takeFailure();
  return openBundle(file, hugePages);
}

/// What was hashed before is what was packed just now.
Status CachedModel::checkUnchanged() const {
  for (const HashedFile &file : files) {
    Result<FileStamp> now = FileStamp::of(file.stamp.path);
    if (!now || !(*now == file.stamp))
      return Failure("'", file.stamp.path, "' changed while it was compiled");
  }
  return {};
}

Result<ModelHandle> CachedModel::open(bool &compiled) {
  if (cache)
    if (std::optional<std::vector<HashedFile>> known = cache->recall(subject)) {
      files = *std::move(known);
      if (Status status = findBundle(); !status)
        return status.takeFailure();
      if (std::optional<ModelHandle> model = openKnown())
        return *std::move(model);
    }

  Compilation compilation(request);
  if (Status status = compilation.load(); !status)
    return status.takeFailure();
  if (cache && bundle.empty()) {
    Result<std::vector<HashedFile>> hashed = hashFiles(compilation, request);
    if (!hashed)
      return hashed.takeFailure();
    files = *std::move(hashed);
    if (Status status = findBundle(); !status)
      return status.takeFailure();
    cache->remember(subject, files);
    // The same contents under another path.
    if (std::optional<ModelHandle> model = openKnown())
      return *std::move(model);
  }
  compiled = true;
  if (Status status = compilation.runTo(PhaseId::Lower); !status)
    return status.takeFailure();
  if (!cache)
    return compileWithoutCache(compilation, cache.error());
  if (Status status = compilation.write(bundle); !status) {
    // Weights that cannot be read are no reason to try elsewhere.
    if (llvm::StringRef(status.error()).contains(cache->directory()))
      return compileWithoutCache(compilation, status.error());
    return status.takeFailure();
  }
  if (Status status = checkUnchanged(); !status) {
    // Left behind, it would be taken for the model it was named after.
    if (std::error_code error = fs::remove(bundle))
      return Failure(status.error(), ", and '", bundle, "' cannot be removed: ", error.message());
    return status.takeFailure();
  }
  cache->prune(name);
  return openBundle(bundle, hugePages);
}

/// Options of the compiler do not change a bundle any more: those that were given must be the ones
/// it was compiled with.
static Status checkGivenOptions(const CompileRequest &request, const frit_model *model) {
  if (request.given.empty())
    return {};
  const char *text = nullptr;
  if (frit_model_manifest(model, &text) != FRIT_OK)
    return runtimeFailure();
  auto manifest = llvm::json::parse(text);
  if (!manifest)
    return Failure(llvm::toString(manifest.takeError()));
  auto field = [&](llvm::StringRef object, llvm::StringRef name) -> llvm::StringRef {
    const llvm::json::Object *inner = manifest->getAsObject()->getObject(object);
    return inner ? inner->getString(name).value_or("") : "";
  };
  const CompilerOptions &options = request.options;
  for (const std::string &name : request.given) {
    llvm::StringRef wanted, found;
    if (name == "target") {
      wanted = options.target;
      found = field("target", "name");
      if (wanted == "native")
        continue;
    } else if (name == "activations") {
      wanted = options.pipeline.activations;
      found = field("options", "activations");
    } else if (name == "kv-cache-type") {
      wanted = options.pipeline.kvCacheType;
      found = field("options", "kv_cache_type");
    } else if (name == "fusion") {
      wanted = options.pipeline.fusion;
      found = field("options", "fusion");
    } else {
      return Failure("'", request.path, "' is compiled already: --", name, " has no effect on it");
    }
    if (wanted != found)
      return Failure("'", request.path, "' was compiled with --", name, "=",
                     std::string_view(found), ", not ", std::string_view(wanted));
  }
  return {};
}

Result<OpenedModel> frit::driver::openModel(const CompileRequest &request, HugePages hugePages) {
  Result<ModelKind> kind = recognizeModel(request.path);
  if (!kind)
    return kind.takeFailure();
  OpenedModel opened;
  opened.path = request.path;
  if (*kind == ModelKind::Bundle) {
    Result<ModelHandle> model = openBundle(request.path, hugePages);
    if (!model)
      return model.takeFailure();
    opened.handle = *std::move(model);
    if (Status status = checkGivenOptions(request, opened.handle.get()); !status)
      return status.takeFailure();
    return opened;
  }
  auto begin = std::chrono::steady_clock::now();
  bool compiled = false;
  Result<ModelHandle> model = CachedModel(request, hugePages).open(compiled);
  if (!model)
    return model.takeFailure();
  opened.handle = *std::move(model);
  if (compiled)
    opened.compileSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return opened;
}
