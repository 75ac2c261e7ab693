/// QEMU's documents, line for line, as a client says them through the proxies.
extension COLOPair {
    /// Says commands one by one.
    ///
    /// - Throws: ``Failure`` if one is answered by anything but success.
    func say(_ lines: [String], to host: COLOHost) throws {
        let client = try host.client()
        for (number, line) in lines.enumerated() {
            let id = "\"id\": \"said \(number)\""
            try client.send("\(line.dropLast()), \(id)}")
            let reply = try client.readLines(through: id).last ?? ""
            guard ["{\"return\": {}, \(id)}\r\n", "{\"return\": \"\", \(id)}\r\n"].contains(reply) else {
                throw Failure("host \(host.name): \(line) is answered by \(reply)")
            }
        }
    }

    /// The secondary first, then the primary (docs/COLO-FT.txt).
    func sayStart(checkpointDelay: Int = 500) throws {
        try say(secondaryStart(on: b), to: b)
        try say(attaching(b) + migrating(to: b, checkpointDelay: checkpointDelay), to: a)
    }

    private func port(_ name: String) -> Int { network.ports[name] ?? 0 }

    private func secondaryStart(on host: COLOHost) -> [String] {
        let data = #"{"host": "\#(host.place.listenHost)", "port": "\#(port("nbd-port"))"}"#
        return [
            #"{"execute": "nbd-server-start", "arguments": {"addr": {"type": "inet", "data": \#(data)}}}"#,
            #"{"execute": "nbd-server-add", "arguments": {"device": "parent0", "writable": true}}"#,
        ]
    }

    private func attaching(_ secondary: COLOHost) -> [String] {
        let place = "file.driver=nbd,file.host=\(secondary.place.address),file.port=\(port("nbd-port"))"
        let node = "driver=replication,mode=primary,\(place),file.export=parent0,node-name=replication0"
        let line = "drive_add -n buddy \(node)"
        return [
            #"{"execute": "human-monitor-command", "arguments": {"command-line": "\#(line)"}}"#,
            #"{"execute": "x-blockdev-change", "arguments": {"parent": "colo-disk0", "node": "replication0"}}"#,
        ]
    }

    private func migrating(to secondary: COLOHost, checkpointDelay: Int) -> [String] {
        let uri = "tcp:\(secondary.place.address):\(port("migrate-port"))"
        let colo = #"{"capabilities": [{"capability": "x-colo", "state": true}]}"#
        return [
            #"{"execute": "migrate-set-capabilities", "arguments": \#(colo)}"#,
            #"{"execute": "migrate-set-parameters", "arguments": {"x-checkpoint-delay": \#(checkpointDelay)}}"#,
            #"{"execute": "migrate", "arguments": {"uri": "\#(uri)"}}"#,
        ]
    }

    /// The primary goes on alone.
    func sayFailover(primary host: COLOHost) throws {
        let objects = ["comp0", "iothread1", "m0", "redire0", "redire1"]
        try say(
            [
                #"{"execute": "x-blockdev-change", "arguments": {"parent": "colo-disk0", "child": "children.1"}}"#,
                #"{"execute": "human-monitor-command", "arguments": {"command-line": "drive_del replication0"}}"#,
            ] + objects.map { #"{"execute": "object-del", "arguments": {"id": "\#($0)"}}"# } + [
                #"{"execute": "x-colo-lost-heartbeat"}"#
            ],
            to: host
        )
    }

    /// The secondary goes on alone, and gets what the next primary needs.
    func sayFailover(secondary host: COLOHost) throws {
        let chardevs = [
            ("mirror0", host.place.listenHost, "mirror-port", true),
            ("compare1", host.place.listenHost, "compare-port", true),
            ("compare0", host.place.loopHost, "compare-in-port", true),
            ("compare0-0", host.place.loopHost, "compare-in-port", false),
            ("compare_out", host.place.loopHost, "compare-out-port", true),
            ("compare_out0", host.place.loopHost, "compare-out-port", false),
        ]
        let adding = chardevs.map { id, place, name, isServer in
            let address = #"{"type": "inet", "data": {"host": "\#(place)", "port": "\#(port(name))"}}"#
            let backend = #"{"type": "socket", "data": {"addr": \#(address), "server": \#(isServer)}}"#
            return #"{"execute": "chardev-add", "arguments": {"id": "\#(id)", "backend": \#(backend)}}"#
        }
        try say(
            [#"{"execute": "nbd-server-stop"}"#, #"{"execute": "x-colo-lost-heartbeat"}"#]
                + ["f2", "f1"].map { #"{"execute": "object-del", "arguments": {"id": "\#($0)"}}"# }
                + ["red1", "red0"].map { #"{"execute": "chardev-remove", "arguments": {"id": "\#($0)"}}"# } + adding,
            to: host
        )
    }
}
