//===- BundleWriter.cpp - writes a bundle beside its place, then renames --===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Bundle/BundleWriter.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <random>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace frit;

namespace {
constexpr size_t bufferBytes = 1 << 20;
constexpr std::string_view temporaryInfix = ".tmp-";
constexpr size_t temporaryDigits = 16;

struct StateDeleter {
  void operator()(XXH3_state_t *state) const { XXH3_freeState(state); }
};
} // namespace

struct BundleWriter::Impl {
  std::string target;    ///< the path as the user wrote it, for messages
  std::string directory; ///< of the file to replace
  std::string finalPath;
  std::string temporaryPath; ///< empty once it is renamed or removed
  int file = -1;
  uint64_t offset = 0; ///< of the next byte, including those in the buffer
  std::vector<char> buffer;
  std::vector<BundleSection> sections;
  bool inSection = false;
  bool committed = false;
  std::unique_ptr<XXH3_state_t, StateDeleter> hash;
  Status status;

  ~Impl() {
    if (!temporaryPath.empty())
      unlink(temporaryPath.c_str());
    if (file >= 0)
      close(file);
  }

  Failure failure(std::string_view what, int error) const {
    return Failure("cannot ", what, " '", target, "': ", std::strerror(error));
  }

  /// Remembers the first failure, and frees the disk space at once: it may be what is missing.
  Status fail(Failure reason) {
    if (!temporaryPath.empty())
      unlink(temporaryPath.c_str());
    temporaryPath.clear();
    status = reason;
    return reason;
  }

  Status resolvePath();
  void removeStale() const;
  Status openTemporary();
  Status flush();
  Status append(const void *bytes, size_t byteCount);
  Status appendZerosTo(uint64_t alignment);
  void endSection();
  Status commit();
};

//===----------------------------------------------------------------------===//
// Where to write
//===----------------------------------------------------------------------===//

Status BundleWriter::Impl::resolvePath() {
  if (target.empty())
    return Failure("the path of the bundle is empty");
  finalPath = target;
  struct stat info;
  if (lstat(target.c_str(), &info) == 0) {
    if (S_ISLNK(info.st_mode)) {
      // A dangling link stays what it is for realpath: it says "no such file".
      char *resolved = realpath(target.c_str(), nullptr);
      if (!resolved)
        return failure("write", errno);
      finalPath = resolved;
      std::free(resolved);
      if (stat(finalPath.c_str(), &info) != 0)
        return failure("write", errno);
    }
    // As root a rename would replace even /dev/null.
    if (S_ISDIR(info.st_mode))
      return failure("write", EISDIR);
    if (!S_ISREG(info.st_mode))
      return Failure("cannot write '", target, "': it exists and is no regular file");
  } else if (errno != ENOENT) {
    return failure("write", errno);
  }
  size_t slash = finalPath.rfind('/');
  directory = slash == std::string::npos ? "." : slash == 0 ? "/" : finalPath.substr(0, slash);
  if (slash != std::string::npos && slash + 1 == finalPath.size())
    return failure("write", EISDIR);
  return {};
}

/// Removes the temporaries of writers of the same bundle that were killed. Live writers hold a lock
/// on theirs; unlike a process id, a lock means the same in every container.
void BundleWriter::Impl::removeStale() const {
  DIR *entries = opendir(directory.c_str());
  if (!entries)
    return;
  size_t slash = finalPath.rfind('/');
  std::string prefix = slash == std::string::npos ? finalPath : finalPath.substr(slash + 1);
  prefix += temporaryInfix;
  while (const dirent *entry = readdir(entries)) {
    std::string_view name = entry->d_name;
    if (name.size() != prefix.size() + temporaryDigits || name.substr(0, prefix.size()) != prefix ||
        name.find_first_not_of("0123456789abcdef", prefix.size()) != std::string_view::npos)
      continue;
    int stale =
        openat(dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (stale < 0)
      continue;
    struct stat info;
    if (fstat(stale, &info) == 0 && S_ISREG(info.st_mode) && flock(stale, LOCK_EX | LOCK_NB) == 0)
      unlinkat(dirfd(entries), entry->d_name, 0);
    close(stale);
  }
  closedir(entries);
}

Status BundleWriter::Impl::openTemporary() {
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    uint64_t number =
        (static_cast<uint64_t>(random()) << 32 | random()) ^ static_cast<uint64_t>(getpid());
    std::string name = finalPath;
    name += temporaryInfix;
    for (size_t digit = 0; digit < temporaryDigits; ++digit, number >>= 4)
      name += "0123456789abcdef"[number & 15];
    file = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
      if (errno == EEXIST)
        continue;
      return failure("create", errno);
    }
    // A file system without locks (ENOLCK, EOPNOTSUPP) has no removal of stale files, either.
    bool taken = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    struct stat info;
    if (fstat(file, &info) != 0)
      return failure("create", errno);
    if (!taken && info.st_nlink > 0) {
      temporaryPath = std::move(name);
      return {};
    }
    // Another writer took the new file for a stale one before it was locked.
    close(file);
    file = -1;
  }
  return failure("create", EEXIST);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static int writeAll(int file, const char *bytes, size_t byteCount) {
  while (byteCount > 0) {
    ssize_t written = write(file, bytes, byteCount);
    if (written < 0) {
      if (errno == EINTR)
        continue;
      return errno;
    }
    if (written == 0)
      return ENOSPC;
    bytes += written;
    byteCount -= static_cast<size_t>(written);
  }
  return 0;
}

Status BundleWriter::Impl::flush() {
  if (int error = writeAll(file, buffer.data(), buffer.size()))
    return fail(failure("write", error));
  buffer.clear();
  return {};
}

Status BundleWriter::Impl::append(const void *bytes, size_t byteCount) {
  offset += byteCount;
  if (buffer.size() + byteCount > bufferBytes)
    if (Status flushed = flush(); !flushed)
      return flushed;
  const char *begin = static_cast<const char *>(bytes);
  if (byteCount < bufferBytes) {
    buffer.insert(buffer.end(), begin, begin + byteCount);
    return {};
  }
  if (int error = writeAll(file, begin, byteCount))
    return fail(failure("write", error));
  return {};
}

Status BundleWriter::Impl::appendZerosTo(uint64_t alignment) {
  static constexpr char zeros[bundleSectionAlignment] = {};
  uint64_t remaining = bundleAlign(offset, alignment) - offset;
  while (remaining > 0) {
    size_t piece = std::min<uint64_t>(remaining, sizeof(zeros));
    if (Status written = append(zeros, piece); !written)
      return written;
    remaining -= piece;
  }
  return {};
}

void BundleWriter::Impl::endSection() {
  if (!inSection)
    return;
  BundleSection &section = sections.back();
  section.bytes = offset - section.offset;
  section.hash = XXH3_64bits_digest(hash.get());
  inSection = false;
}

Status BundleWriter::Impl::commit() {
  endSection();
  if (Status padded = appendZerosTo(bundleTableAlignment); !padded)
    return padded;
  BundleHeader header = {};
  std::memcpy(header.magic, bundleMagic, sizeof(bundleMagic));
  header.version = bundleVersion;
  header.sectionCount = static_cast<uint32_t>(sections.size());
  header.tableOffset = offset;
  size_t tableBytes = sections.size() * sizeof(BundleSection);
  header.fileBytes = offset + tableBytes;
  header.tableHash = XXH3_64bits(sections.data(), tableBytes);
  if (Status written = append(sections.data(), tableBytes); !written)
    return written;
  if (Status flushed = flush(); !flushed)
    return flushed;
  // Until here the first bytes are zero, so that even a copy of the temporary is no bundle.
  if (lseek(file, 0, SEEK_SET) != 0)
    return fail(failure("write", errno));
  if (int error = writeAll(file, reinterpret_cast<const char *>(&header), sizeof(header)))
    return fail(failure("write", error));
  if (fsync(file) != 0)
    return fail(failure("write", errno));
  if (rename(temporaryPath.c_str(), finalPath.c_str()) != 0)
    return fail(failure("write", errno));
  temporaryPath.clear();
  committed = true;
  // The new bundle is in place; a file system that cannot sync directories makes it no less so.
  int folder = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

Result<BundleWriter> BundleWriter::create(const std::string &path) {
  auto impl = std::make_unique<Impl>();
  impl->target = path;
  impl->hash.reset(XXH3_createState());
  if (!impl->hash)
    return Failure("not enough memory to write '", path, "'");
  if (Status resolved = impl->resolvePath(); !resolved)
    return resolved.takeFailure();
  impl->removeStale();
  if (Status opened = impl->openTemporary(); !opened)
    return opened.takeFailure();
  impl->buffer.reserve(bufferBytes);
  BundleHeader space = {};
  if (Status written = impl->append(&space, sizeof(space)); !written)
    return written.takeFailure();
  return BundleWriter(std::move(impl));
}

BundleWriter::BundleWriter(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
BundleWriter::BundleWriter(BundleWriter &&) noexcept = default;
BundleWriter &BundleWriter::operator=(BundleWriter &&) noexcept = default;
BundleWriter::~BundleWriter() = default;

Status BundleWriter::beginSection(BundleSectionKind kind) {
  if (!impl->status)
    return impl->status;
  if (impl->committed)
    return Failure("'", impl->target, "' is already written");
  impl->endSection();
  if (impl->sections.size() == bundleMaxSections)
    return impl->fail(
        Failure("'", impl->target, "' would have more than ", bundleMaxSections, " sections"));
  if (Status padded = impl->appendZerosTo(bundleSectionAlignment); !padded)
    return padded;
  impl->sections.push_back({static_cast<uint32_t>(kind), 0, impl->offset, 0, 0});
  impl->inSection = true;
  XXH3_64bits_reset(impl->hash.get());
  return {};
}

Status BundleWriter::write(const void *bytes, size_t byteCount) {
  if (!impl->status)
    return impl->status;
  if (!impl->inSection)
    return Failure("bytes outside of a section of '", impl->target, "'");
  XXH3_64bits_update(impl->hash.get(), bytes, byteCount);
  return impl->append(bytes, byteCount);
}

Status BundleWriter::padTo(uint64_t alignment) {
  static constexpr char zeros[bundleSectionAlignment] = {};
  uint64_t remaining = bundleAlign(sectionBytes(), alignment) - sectionBytes();
  while (remaining > 0) {
    size_t piece = std::min<uint64_t>(remaining, sizeof(zeros));
    if (Status written = write(zeros, piece); !written)
      return written;
    remaining -= piece;
  }
  return {};
}

uint64_t BundleWriter::sectionBytes() const {
  return impl->inSection ? impl->offset - impl->sections.back().offset : 0;
}

Status BundleWriter::addSection(BundleSectionKind kind, std::string_view bytes) {
  if (Status begun = beginSection(kind); !begun)
    return begun;
  return write(bytes.data(), bytes.size());
}

Status BundleWriter::commit() {
  if (!impl->status)
    return impl->status;
  if (impl->committed)
    return Failure("'", impl->target, "' is already written");
  return impl->commit();
}
