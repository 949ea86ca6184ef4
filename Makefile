# trapkit: build, test, install. `make help` lists what there is.
# Two commands need nothing but make on a fresh Debian: `make demo` and `make test`.

VERSION := 0.1.0
PREFIX ?= /usr/local
# Where the library and its pkg-config file go: Debian has a folder for each architecture.
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
CC ?= cc
CXX ?= c++
# make's own defaults are not a choice that somebody made.
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
PYTHON ?= /usr/bin/python3
SANITIZE ?=
V ?= 0

comma := ,
empty :=
space := $(empty) $(empty)
VARIANT := $(if $(SANITIZE),sanitize-$(subst $(comma),-,$(SANITIZE)),plain)
B := build/$(VARIANT)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# ---- what is needed, from Debian's packages ---------------------------------------------------

DEPS_BUILD := gcc g++ libc6-dev pkg-config libzip-dev libyaml-dev libcjson-dev libssl-dev \
	libsqlite3-dev libdeflate-dev zlib1g-dev libtomlplusplus-dev libcurl4-openssl-dev \
	libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libswresample-dev \
	libturbojpeg0-dev \
	tzdata ca-certificates python3
DEPS_TEST := locales libcmocka-dev libimage-exiftool-perl ffmpeg python3-yaml unzip sqlite3 openssl \
	libcap2 libpam0g libwrap0 procps strace faketime mandoc fish zsh bash-completion binutils \
	bindfs btrfs-progs iproute2 iptables dpkg-dev
DEPS_FUZZ := clang libclang-rt-dev
DEPS_DEB := dpkg-dev
DEPS_BENCH := exiftool exiv2 exif zip lftp curl rclone libvips-tools imagemagick

# ---- flags -------------------------------------------------------------------------------------

# libzip, libssl, libcrypto, libcurl, libturbojpeg and FFmpeg's are loaded when first used
# (lazy_library.h): only their headers are needed here. Linking them would make every start two milliseconds longer.
LIBRARIES := yaml-0.1 libcjson sqlite3 libdeflate
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)

OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CPPFLAGS_ALL := -Iinclude -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DTRAPKIT_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS)
HARDEN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer,-fstack-protector-strong -D_FORTIFY_SOURCE=2)
CFLAGS_ALL := -std=c11 $(OPTIMIZE) -g -fPIE -pthread $(WARNINGS) $(HARDEN) $(CFLAGS)
CXXFLAGS_ALL := -std=c++17 $(OPTIMIZE) -g -fPIE -pthread -Wall -Wextra $(HARDEN) $(CXXFLAGS)
# libstdc++ serves one small file (the TOML door): linked in, so that starting does not load it.
LDFLAGS_ALL := -pthread -pie -Wl,--as-needed -Wl,-z,relro,-z,now $(LDFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE),-static-libstdc++ -static-libgcc)
LIBS_ALL := $(PKG_LIBS) -lm -ldl $(LIBS)

# ---- sources -----------------------------------------------------------------------------------

LIB_SOURCES := $(wildcard lib/*/*.c lib/*/*.cpp)
CMD_SOURCES := $(wildcard cmd/*.c cmd/cli/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
objects = $(patsubst %,$(B)/%.o,$(basename $(1)))
LIB_OBJECTS := $(call objects,$(LIB_SOURCES))
CMD_OBJECTS := $(call objects,$(CMD_SOURCES))
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SOURCES))
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SOURCES))
LINKS := trapper-tools $(patsubst cmd/%.c,trapkit-%,$(filter-out cmd/main.c cmd/commands.c,\
	$(wildcard cmd/*.c)))

.PHONY: all demo test check bench docs install uninstall deb deps clean help fuzz
.DELETE_ON_ERROR:
.SECONDARY:

all: need-build
	$(Q)$(MAKE) --no-print-directory V=$(V) SANITIZE=$(SANITIZE) binary

help:
	@printf '%s\n' \
	'make all        build build/plain/trapkit' \
	'make demo       the main job on a small made-up card, offline, to an outbox folder' \
	'make test       every test; installs what it needs' \
	'make check      the tests only, nothing installed (SANITIZE=address,undefined or thread)' \
	'make bench      our speed beside the peers, as ratios' \
	'make fuzz       the fuzz targets for FUZZ_SECONDS each (60), FUZZ_JOBS at a time (2), with clang' \
	'make docs       man pages, completions and config.example.toml anew from the option rows' \
	'make install    to PREFIX (/usr/local), below DESTDIR; make uninstall takes it away' \
	'make deb        Debian packages in build/: trapkit, libtrapkit-dev' \
	'make deps       install what building and testing need (asks first unless root or CI)' \
	'make clean      remove build/'

# ---- build -------------------------------------------------------------------------------------

.PHONY: binary
binary: $(B)/trapkit

$(B)/trapkit: $(CMD_OBJECTS) $(B)/libtrapkit.a
	$(call say,LINK,$@) $(CXX) $(LDFLAGS_ALL) -o $@ $(CMD_OBJECTS) $(B)/libtrapkit.a $(LIBS_ALL)
	@for name in $(LINKS); do ln -sf trapkit $(B)/$$name; done

# Made anew, so that a source that went away does not live on in the archive.
$(B)/libtrapkit.a: $(LIB_OBJECTS)
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $(LIB_OBJECTS)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	$(call say,CXX,$<) $(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libtrapkit.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CXX) $(LDFLAGS_ALL) -o $@ $< $(B)/libtrapkit.a $(LIBS_ALL) -lcmocka

# The front end without its main(), for the tests and fuzz targets that look inside it.
$(B)/libcommands.a: $(filter-out $(B)/cmd/main.o,$(CMD_OBJECTS))
	$(call say,AR,$@) rm -f $@ && $(AR) rcs $@ $^

$(B)/unit/test_cli_%: $(B)/tests/unit/test_cli_%.o $(B)/libcommands.a $(B)/libtrapkit.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_ALL) -lcmocka

$(B)/fuzz/fuzz_settings $(B)/fuzz/fuzz_env: $(B)/libcommands.a

# Without clang the targets replay their corpus; with it (FUZZER=1, tests/fuzz/run.sh) they search.
FUZZER ?=
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(if $(FUZZER),,$(B)/tests/fuzz/replay.o) $(B)/libtrapkit.a
	@mkdir -p $(@D)
	$(call say,LINK,$@) $(CXX) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %/libcommands.a,$^) \
		$(B)/libtrapkit.a $(LIBS_ALL)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- tests -------------------------------------------------------------------------------------

.PHONY: programs library units
library: $(B)/libtrapkit.a
units: $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS)
programs: binary $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS)

# The build takes all cores; the tests follow it, a few at a time.
test: need-test need-runtime
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) V=$(V) SANITIZE=$(SANITIZE) programs
	$(Q)$(MAKE) --no-print-directory V=$(V) SANITIZE=$(SANITIZE) check

# ONLY=words runs the tests whose path contains one of the words.
check: programs
	$(Q)TRAPKIT_BUILD=$(abspath $(B)) TRAPKIT_SANITIZE='$(SANITIZE)' PYTHON=$(PYTHON) \
		CC='$(CC)' $(PYTHON) tests/run.py $(ONLY)

FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 2
fuzz: need-fuzz
	$(Q)MAKE='$(MAKE)' FUZZ_JOBS='$(FUZZ_JOBS)' sh tests/fuzz/run.sh '$(FUZZ_SECONDS)' $(ONLY)

bench: need-bench
	$(Q)$(MAKE) --no-print-directory V=$(V) binary
	$(Q)TRAPKIT_BUILD=$(abspath $(B)) $(PYTHON) tests/bench/run.py $(ONLY)

demo: all
	$(Q)TRAPKIT_BUILD=$(abspath $(B)) PYTHON=$(PYTHON) sh tests/demo.sh

docs: all
	$(Q)for kind in settings man bash zsh fish; do $(B)/trapkit describe $$kind . || exit 1; done
	$(Q)$(PYTHON) tests/recording.py $(B)/trapkit man/three-minutes.svg

# ---- install -----------------------------------------------------------------------------------

# Two halves, so that a package of each can be made: what people run, and what programs are built with.
ROOT = $(DESTDIR)$(PREFIX)
UNITS := $(notdir $(wildcard cmd/systemd/*.timer) $(patsubst %.in,%,$(wildcard cmd/systemd/*.in)))
PAGES := $(notdir $(wildcard man/*.[157]))
put = install -m 644 $(1) $(2)

.PHONY: install-program install-library install-runtime
install: install-program install-library install-runtime

install-program: all
	install -d $(addprefix $(ROOT)/,bin lib/systemd/system share/doc/trapkit \
		share/man/man1 share/man/man5 share/man/man7 share/bash-completion/completions \
		share/zsh/vendor-completions share/fish/vendor_completions.d)
	install -m 755 build/plain/trapkit $(ROOT)/bin/
	for name in $(LINKS); do ln -sf trapkit $(ROOT)/bin/$$name; \
		ln -sf trapkit $(ROOT)/share/bash-completion/completions/$$name; done
	for page in $(PAGES); do $(call put,man/$$page,$(ROOT)/share/man/man$${page##*.}/); done
	ln -sf trapkit.1 $(ROOT)/share/man/man1/trapper-tools.1
	$(call put,completions/trapkit.bash,$(ROOT)/share/bash-completion/completions/trapkit)
	$(call put,completions/_trapkit,$(ROOT)/share/zsh/vendor-completions/)
	$(call put,completions/trapkit.fish,$(ROOT)/share/fish/vendor_completions.d/)
	$(call put,cmd/systemd/*.timer,$(ROOT)/lib/systemd/system/)
	for unit in $(filter %.service,$(UNITS)); do \
		sed 's|@BINDIR@|$(PREFIX)/bin|' cmd/systemd/$$unit.in >build/unit && \
		$(call put,build/unit,$(ROOT)/lib/systemd/system/$$unit); done
	$(call put,LICENSE NEWS.md README.md config.example.toml,$(ROOT)/share/doc/trapkit/)

install-library: all
	install -d $(ROOT)/include/trapkit $(DESTDIR)$(LIBDIR)/pkgconfig
	$(call put,include/trapkit/*.h,$(ROOT)/include/trapkit/)
	$(call put,build/plain/libtrapkit.a,$(DESTDIR)$(LIBDIR)/)
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|; s|@LIBRARIES@|$(LIBRARIES)|' \
		lib/trapkit.pc.in >build/trapkit.pc
	$(call put,build/trapkit.pc,$(DESTDIR)$(LIBDIR)/pkgconfig/)

# What 'make deps' fetched where Debian has no package of it.
install-runtime:
	if [ -e $(RUNTIME) ]; then install -d $(ROOT)/lib/trapkit && \
		$(call put,$(RUNTIME),$(ROOT)/lib/trapkit/); fi

uninstall:
	rm -f $(ROOT)/bin/trapkit $(addprefix $(ROOT)/bin/,$(LINKS)) \
		$(addprefix $(ROOT)/share/bash-completion/completions/,trapkit $(LINKS)) \
		$(ROOT)/share/man/man1/trapper-tools.1 \
		$(ROOT)/share/zsh/vendor-completions/_trapkit \
		$(ROOT)/share/fish/vendor_completions.d/trapkit.fish \
		$(addprefix $(ROOT)/lib/systemd/system/,$(UNITS)) \
		$(addprefix $(DESTDIR)$(LIBDIR)/,libtrapkit.a pkgconfig/trapkit.pc)
	for page in $(PAGES); do rm -f $(ROOT)/share/man/man$${page##*.}/$$page; done
	rm -rf $(ROOT)/include/trapkit $(ROOT)/lib/trapkit $(ROOT)/share/doc/trapkit

# Two packages in build/: trapkit, and libtrapkit-dev. Their dependencies are found by Debian's own tools.
deb: need-deb
	$(Q)$(MAKE) --no-print-directory V=$(V) binary
	$(Q)sh cmd/debian/build.sh $(VERSION)

clean:
	rm -rf build

# ---- dependencies ------------------------------------------------------------------------------

# $(call need,PACKAGES): installs those that are missing. Asks first, unless it is root or CI.
define need
	@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}\n' $$p 2>/dev/null | \
		grep -q 'ok installed' || echo $$p; done); \
	[ -n "$$missing" ] || exit 0; \
	echo "Debian packages that are missing:" $$missing; \
	as=; [ "$$(id -u)" = 0 ] || as=sudo; \
	if [ -z "$$CI" ] && [ -n "$$as" ]; then \
		printf 'Install them now with sudo apt-get? [y/N] '; read answer || answer=n; \
		case $$answer in [yY]*) ;; *) echo "Install them, then run make again."; exit 1;; esac; \
	fi; \
	log=$$(mktemp); \
	if DEBIAN_FRONTEND=noninteractive $$as sh -c 'apt-get update -q && \
		apt-get install -y -q --no-install-recommends "$$@"' sh $$missing >$$log 2>&1; \
	then rm -f $$log; else tail -n 8 $$log; rm -f $$log; \
		echo "That failed. Install them yourself, then run make again."; exit 1; fi
endef

# ONNX Runtime, which 'detect' loads: Debian 13 and later have it; for Debian 12 it comes from npm, and
# lies where the program looks first, beside itself. Without it detect's tests are skipped.
RUNTIME := build/lib/trapkit/libonnxruntime.so.1
RUNTIME_PACKAGE := onnxruntime-node@1.24.3
RUNTIME_SHA256_x86_64 := 92ba8e44d31b80a34f5e805076a044122c3be1fffe0d88ed790de7267b0b2682
RUNTIME_SHA256_aarch64 := 33032cb5b91c12edbf028d7c69fa40a31848d66c0095448758af237d5e0b07db
.PHONY: need-runtime runtime-from-debian runtime-from-npm
need-runtime:
	@[ -e $(RUNTIME) ] || dpkg-query -W -f '$${Status}\n' libonnxruntime-dev 2>/dev/null | grep -q 'ok installed' || \
		if apt-cache show libonnxruntime-dev >/dev/null 2>&1; \
		then $(MAKE) --no-print-directory runtime-from-debian; \
		else $(MAKE) --no-print-directory runtime-from-npm MACHINE=$$(uname -m); fi
runtime-from-debian:
	$(call need,libonnxruntime-dev)
runtime-from-npm:
	$(if $(shell command -v npm),,-$(call need,npm))
	@rm -rf build/runtime && mkdir -p build/runtime build/lib/trapkit && cd build/runtime && \
	if npm pack --silent $(RUNTIME_PACKAGE) >log 2>&1 && \
		tar xzf *.tgz package/bin/napi-v6/linux/$(if $(filter aarch64,$(MACHINE)),arm64,x64) && \
		mv package/bin/napi-v6/linux/*/libonnxruntime.so.1 . && \
		echo '$(RUNTIME_SHA256_$(MACHINE))  libonnxruntime.so.1' | sha256sum -c --quiet; \
	then mv libonnxruntime.so.1 ../lib/trapkit/; \
	else tail -n 3 log; echo "ONNX Runtime could not be had: 'trapkit detect' will not run here."; fi; \
	cd .. && rm -rf runtime

.PHONY: need-build need-test need-fuzz need-bench need-deb
need-build:
	$(call need,$(DEPS_BUILD))
need-test:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST))
need-fuzz:
	$(call need,$(DEPS_BUILD) $(DEPS_FUZZ))
need-deb:
	$(call need,$(DEPS_BUILD) $(DEPS_DEB))
need-bench:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST) $(DEPS_BENCH))
deps: need-test need-runtime
