# Two stages on Debian 12: the build with the packages of `tools/dev setup`, the run with libraries only.
FROM debian:12.8-slim AS build
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
    ca-certificates g++ cmake ninja-build mold \
    libabsl-dev libfmt-dev libspdlog-dev librocksdb-dev librdkafka-dev libprotobuf-dev \
    protobuf-compiler libsimdjson-dev libyaml-cpp-dev libre2-dev libssl-dev libzstd-dev zlib1g-dev \
    libxxhash-dev prometheus-cpp-dev libcli11-dev libboost-dev libgtest-dev libgmock-dev libbenchmark-dev
WORKDIR /src
COPY . .
RUN cmake --preset release && cmake --build --preset release --target lineward

FROM debian:12.8-slim
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
    ca-certificates libabsl20220623 libfmt9 librocksdb7.8 librdkafka1 libprotobuf32 libsimdjson14 \
    libyaml-cpp0.7 libre2-9 libssl3 libzstd1 zlib1g libxxhash0 libprometheus-cpp-core1.0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/build/release/bin/lineward /usr/local/bin/lineward
# Volumes take owner and mode of these folders when they are made.
RUN install -d -m 0700 -o 65532 -g 65532 /var/lib/lineward /run/lineward
USER 65532:65532
ENV CREDENTIALS_DIRECTORY=/run/lineward
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["lineward", "health", "--quiet"]
ENTRYPOINT ["lineward"]
