/// Commands of all shapes, one a line, that leave a QEMU as they found it.
enum TransparencyCommands {
    /// Queries, then errors, then effects.
    static let all = queries + errors + effects

    /// What a QEMU says of itself, and ids of all kinds.
    static let queries = lines(
        #"""
        {"execute": "query-status"}
        {"execute": "query-status", "id": 1}
        {"execute": "query-version", "id": "version"}
        {"execute": "query-name", "arguments": {}, "id": null}
        {"execute": "query-uuid", "id": {"b": 1, "a": 0.1, "c": 1e400, "d": [[], {}, [{}], {"e": {}}]}}
        {"execute": "query-kvm", "id": [1, [2, [3, "é€😀", "\u0000\u001f/\/"]], true, false, null, -0, -0.0, 1e2]}
        {'execute': 'query-commands', 'id': 'it\'s "quoted"'}
        {"execute": "query-qmp-schema"}
        {"execute": "query-qmp-schema", "id": {"after": "207 KB"}}
        {"execute": "query-command-line-options", "id": 18446744073709551615}
        {"execute": "query-command-line-options", "arguments": {"option": "chardev"}, "id": -9223372036854775808}
        {"execute": "query-block", "id": 18446744073709551616}
        {"execute": "query-named-block-nodes", "id": "" }
        {"execute": "query-blockstats", "arguments": {"query-nodes": true}, "id": {}}
        {"execute": "query-block-jobs", "id": []}
        {"execute": "query-jobs", "id": {"QMP": 1, "return": 2, "error": 3, "id": 4, "event": 5}}
        {"execute": "query-chardev", "id": "\u00e9\uD83D\uDE00"}
        {"execute": "query-chardev-backends", "id": 0.30000000000000004}
        {"execute": "query-iothreads"}
        {"execute": "query-fdsets", "id": "fdsets"}
        {"execute": "query-migrate", "id": 2}
        {"execute": "query-migrate-capabilities", "id": 3}
        {"execute": "query-migrate-parameters", "id": 4}
        {"execute": "query-memory-devices"}
        {"execute": "query-memory-size-summary", "id": 5}
        {"execute": "query-machines", "id": 6}
        {"execute": "query-target", "id": 7}
        {"execute": "query-cpu-definitions", "id": 8}
        {"execute": "query-tpm-types", "id": 9}
        {"execute": "query-events-that-are-none", "id": 10}
        {"execute": "query-colo-status", "id": 11}
        {"execute": "query-replay", "id": 12}
        {"execute": "query-pr-managers", "id": 13}
        {"execute": "query-sev-capabilities", "id": 14}
        {"execute": "query-yank", "id": 15}
        {"execute": "query-vnc-servers", "id": 16}
        {"execute": "query-rx-filter", "id": 17}
        {"execute": "query-dump-guest-memory-capability", "id": 18}
        {"execute": "trace-event-get-state", "arguments": {"name": "monitor_*"}, "id": 19}
        {"execute": "qom-list", "arguments": {"path": "/"}, "id": 20}
        {"execute": "qom-list", "arguments": {"path": "/machine"}, "id": 21}
        {"execute": "qom-list", "arguments": {"path": "/nowhere"}, "id": 22}
        {"execute": "qom-list-types", "arguments": {"implements": "device", "abstract": true}, "id": 23}
        {"execute": "qom-list-properties", "arguments": {"typename": "memory-backend-ram"}, "id": 24}
        {"execute": "qom-get", "arguments": {"path": "/machine", "property": "type"}, "id": 25}
        {"execute": "qom-get", "arguments": {"path": "/machine", "property": "none"}, "id": 26}
        {"execute": "qom-set", "arguments": {"path": "/machine", "property": "type", "value": 1}, "id": 27}
        {"execute": "device-list-properties", "arguments": {"typename": "virtio-net-pci"}, "id": 28}
        {"execute": "device-list-properties", "arguments": {"typename": "no-such-device"}, "id": 29}
        {"execute": "human-monitor-command", "arguments": {"command-line": "info version"}, "id": 30}
        {"execute": "human-monitor-command", "arguments": {"command-line": "info chardev"}, "id": 31}
        {"execute": "human-monitor-command", "arguments": {"command-line": "help"}, "id": 32}
        {"execute": "human-monitor-command", "arguments": {"command-line": "frobnicate \"é\""}, "id": 33}
        {"execute": "human-monitor-command", "arguments": {"command-line": "info qtree", "cpu-index": 9}, "id": 34}
        {"execute": "__org.qemu_nothing", "id": 35}
        """#
    )

    /// What fails, in every way there is.
    static let errors = lines(
        #"""
        {"execute": "no-such-command"}
        {"execute": "no-such-command", "id": {"z": 1, "y": {"x": [1.5]}}}
        {"execute": 1, "id": 1}
        {"execute": null}
        {"execute": "query-status", "exec-oob": "query-yank", "id": 2}
        {"exec-oob": "query-yank", "id": 3}
        {"id": 4}
        {}
        {"execute": "query-status", "arguments": null, "id": 5}
        {"execute": "query-status", "arguments": [], "id": 6}
        {"execute": "query-status", "arguments": {"a": 1, "b": 2}, "id": 7}
        {"execute": "query-status", "a": 1, "b": 2, "c": 3, "id": 8}
        {"execute": "qom-get", "arguments": {"path": "/"}, "id": 9}
        {"execute": "qom-get", "arguments": {"path": 1, "property": true}, "id": 10}
        {"execute": "set-action", "arguments": {"reboot": "no-such-value"}, "id": 11}
        {"execute": "migrate-set-capabilities", "arguments": {"capabilities": [{"capability": "none"}]}, "id": 12}
        {"execute": "migrate-set-parameters", "arguments": {"downtime-limit": 1e9}, "id": 13}
        {"execute": "object-add", "arguments": {"qom-type": "no-such-type", "id": "o"}, "id": 14}
        {"execute": "object-add", "arguments": {"qom-type": "memory-backend-ram", "id": "o"}, "id": 15}
        {"execute": "object-del", "arguments": {"id": "no-such-object"}, "id": 16}
        {"execute": "device_add", "arguments": {"driver": "no-such-device"}, "id": 17}
        {"execute": "device_del", "arguments": {"id": "no-such-device"}, "id": 18}
        {"execute": "blockdev-add", "arguments": {"driver": "file", "node-name": "n", "filename": "/no/file"}, "id": 19}
        {"execute": "blockdev-add", "arguments": {"driver": "no-such-driver"}, "id": 20}
        {"execute": "blockdev-del", "arguments": {"node-name": "no-such-node"}, "id": 21}
        {"execute": "chardev-remove", "arguments": {"id": "no-such-chardev"}, "id": 22}
        {"execute": "block-job-cancel", "arguments": {"device": "no-such-job"}, "id": 23}
        {"execute": "getfd", "arguments": {"fdname": "d"}, "id": 24}
        {"execute": "getfd", "arguments": {"fdname": "1d"}, "id": 25}
        {"execute": "closefd", "arguments": {"fdname": "no-such-name"}, "id": 26}
        {"execute": "add-fd", "id": 27}
        {"execute": "remove-fd", "arguments": {"fdset-id": 4711}, "id": 28}
        {"execute": "migrate", "arguments": {"uri": "nonsense"}, "id": 29}
        {"execute": "migrate_cancel", "id": 30}
        {"execute": "migrate-recover", "arguments": {"uri": "tcp:127.0.0.1:1"}, "id": 31}
        {"execute": "yank", "arguments": {"instances": [{"type": "chardev", "id": "none"}]}, "id": 32}
        {"execute": "x-colo-lost-heartbeat", "id": 33}
        {"execute": "balloon", "arguments": {"value": 1}, "id": 34}
        {"execute": "qmp_capabilities", "id": 35}
        {"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": 36}
        {"execute": "screendump", "arguments": {"filename": "/no/such/file"}, "id": 37}
        {"execute": "memsave", "arguments": {"val": 0, "size": 1, "filename": "/no/such/file"}, "id": 38}
        [{"execute": "query-status"}]
        "query-status"
        {"execute": "query-status", "id": 39,}
        {"execute": "query-status", "id": 40 41}
        """#
    )

    /// What changes something, and takes it back.
    static let effects = lines(
        #"""
        {"execute": "object-add", "arguments": {"qom-type": "memory-backend-ram", "id": "m", "size": 65536}, "id": 1}
        {"execute": "object-add", "arguments": {"qom-type": "memory-backend-ram", "id": "m", "size": 65536}, "id": 2}
        {"execute": "qom-get", "arguments": {"path": "/objects/m", "property": "size"}, "id": 3}
        {"execute": "qom-list", "arguments": {"path": "/objects/m"}, "id": 4}
        {"execute": "query-memdev", "id": 5}
        {"execute": "object-del", "arguments": {"id": "m"}, "id": 6}
        {"execute": "object-add", "arguments": {"qom-type": "secret", "id": "s", "data": "hunter2"}, "id": 7}
        {"execute": "qom-get", "arguments": {"path": "/objects/s", "property": "data"}, "id": 8}
        {"execute": "object-del", "arguments": {"id": "s"}, "id": 9}
        {"execute": "chardev-add", "arguments": {"id": "c", "backend": {"type": "ringbuf", "data": {}}}, "id": 10}
        {"execute": "ringbuf-write", "arguments": {"device": "c", "data": "a \u00e9 b"}, "id": 11}
        {"execute": "ringbuf-read", "arguments": {"device": "c", "size": 100}, "id": 12}
        {"execute": "chardev-remove", "arguments": {"id": "c"}, "id": 13}
        {"execute": "blockdev-add", "arguments": {"driver": "null-co", "node-name": "b", "size": 1048576}, "id": 14}
        {"execute": "query-named-block-nodes", "arguments": {"flat": true}, "id": 15}
        {"execute": "block_resize", "arguments": {"node-name": "b", "size": 512}, "id": 16}
        {"execute": "blockdev-del", "arguments": {"node-name": "b"}, "id": 17}
        {"execute": "migrate-set-parameters", "arguments": {"downtime-limit": 250}}
        {"execute": "query-migrate-parameters", "id": 18}
        {"execute": "migrate-set-parameters", "arguments": {"downtime-limit": 300}}
        """#
    )

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }
}
