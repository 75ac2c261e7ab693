/// Which commands only read.
extension CommandTraits {
    /// Whether a command is known to change nothing, neither in QEMU nor in what anybody is told later.
    ///
    /// The name alone decides; what is not known is taken to have effects. `qmp_capabilities`, which concerns the
    /// client's own connection only, counts as neither: ask for it before this.
    public static func isReadOnly(_ name: String) -> Bool {
        readOnly.contains(name)
    }

    /// The commands that only read, of QEMU 2.12 to 10.0 (qapi/*.json; what `query-commands` of 7.2 and 10.0 tells).
    ///
    /// Not among them, whatever their names are like: `query-rx-filter`, which lets NIC_RX_FILTER_CHANGED be sent again
    /// (hw/net/virtio-net.c, `virtio_net_query_rxfilter`); `x-query-profile`, which sets its counters back
    /// (monitor/qmp-cmds.c); `ringbuf-read`, which takes what it reads; `screendump`, `memsave`, `pmemsave` and
    /// `dump-guest-memory`, which write files; `calc-dirty-rate`, which starts to measure; and `human-monitor-command`,
    /// which can do anything.
    private static let readOnly = Set(
        """
        device-list-properties qom-get qom-list qom-list-get qom-list-properties qom-list-types
        trace-event-get-state x-debug-block-dirty-bitmap-sha256 x-debug-query-block-graph xen-event-list

        query-acpi-ospm-status query-audiodevs query-balloon query-block query-block-exports query-block-jobs
        query-blockstats query-chardev query-chardev-backends query-colo-status query-command-line-options
        query-commands query-cpu-definitions query-cpu-model-baseline query-cpu-model-comparison
        query-cpu-model-expansion query-cpus query-cpus-fast query-cryptodev query-current-machine query-dirty-rate
        query-display-options query-dump query-dump-guest-memory-capability query-events query-fdsets
        query-gic-capabilities query-hotpluggable-cpus query-hv-balloon-status-report query-iothreads query-jobs
        query-kvm query-machines query-memdev query-memory-devices query-memory-size-summary query-mice query-migrate
        query-migrate-cache-size query-migrate-capabilities query-migrate-parameters query-migrationthreads query-name
        query-named-block-nodes query-pci query-pr-managers query-qmp-schema query-replay query-rocker
        query-rocker-of-dpa-flows query-rocker-of-dpa-groups query-rocker-ports query-s390x-cpu-polarization query-sev
        query-sev-attestation-report query-sev-capabilities query-sev-launch-measure query-sgx query-sgx-capabilities
        query-spice query-stats query-stats-schemas query-status query-target query-tpm query-tpm-models
        query-tpm-types query-uuid query-vcpu-dirty-limit query-version query-vm-generation-id query-vnc
        query-vnc-servers query-xen-replication-status query-yank

        x-query-interrupt-controllers x-query-irq x-query-jit x-query-numa x-query-opcount x-query-ramblock
        x-query-rdma x-query-roms x-query-usb x-query-virtio x-query-virtio-queue-element
        x-query-virtio-queue-status x-query-virtio-status x-query-virtio-vhost-queue-status
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    )
}
