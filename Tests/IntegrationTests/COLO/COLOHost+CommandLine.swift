extension COLOHost {
    /// The command line of QEMU's docs/COLO-FT.txt, for this host.
    func commandLine(_ role: COLOQEMU.Role, directory: String, monitors: [SocketAddress]) -> [String] {
        let sockets = monitors.flatMap { ["-qmp", "\($0),server=on,wait=off"] }
        let machine = [
            "-accel", "tcg", "-m", "64", "-smp", "1", "-display", "none", "-monitor", "none", "-name", "\(role)",
            "-serial", "file:\(directory)/serial.log", "-device", "piix3-usb-uhci", "-device", "usb-tablet",
            "-netdev", "user,id=hn0", "-device", "rtl8139,id=e0,netdev=hn0,mac=52:54:00:12:34:56",
        ]
        let part = role == .primary ? primary(directory) : secondary(directory)
        return ["qemu-system-x86_64"] + sockets + machine + part
    }

    private func socket(_ id: String, _ host: String, _ port: String, _ option: String = "") -> [String] {
        let number = network.ports[port] ?? 0
        return ["-chardev", "socket,id=\(id),host=\(host),port=\(number)\(option)"]
    }

    /// It waits for its secondary before it greets anybody.
    private func primary(_ directory: String) -> [String] {
        let (listen, loop) = (place.listenHost, place.loopHost)
        let sockets =
            socket("mirror0", listen, "mirror-port", ",server=on,wait=off")
            + socket("compare1", listen, "compare-port", ",server=on,wait=on")
            + socket("compare0", loop, "compare-in-port", ",server=on,wait=off")
            + socket("compare0-0", loop, "compare-in-port")
            + socket("compare_out", loop, "compare-out-port", ",server=on,wait=off")
            + socket("compare_out0", loop, "compare-out-port")
        let comparison = "primary_in=compare0-0,secondary_in=compare1,outdev=compare_out0,iothread=iothread1"
        let disk = "children.0.file.filename=\(directory)/primary.qcow2,children.0.driver=qcow2"
        return sockets + [
            "-object", "filter-mirror,id=m0,netdev=hn0,queue=tx,outdev=mirror0",
            "-object", "filter-redirector,netdev=hn0,id=redire0,queue=rx,indev=compare_out",
            "-object", "filter-redirector,netdev=hn0,id=redire1,queue=rx,outdev=compare0",
            "-object", "iothread,id=iothread1",
            "-object", "colo-compare,id=comp0,\(comparison)",
            "-drive", "if=ide,id=colo-disk0,driver=quorum,read-pattern=fifo,vote-threshold=1,\(disk)",
            "-S",
        ]
    }

    private func secondary(_ directory: String) -> [String] {
        let files = [
            "file.file.filename=\(directory)/secondary-active.qcow2", "file.backing.driver=qcow2",
            "file.backing.file.filename=\(directory)/secondary-hidden.qcow2", "file.backing.backing=parent0",
        ]
        let replication = "driver=replication,mode=secondary,file.driver=qcow2,top-id=colo-disk0"
        return socket("red0", peer.address, "mirror-port", ",reconnect=1")
            + socket("red1", peer.address, "compare-port", ",reconnect=1") + [
                "-object", "filter-redirector,id=f1,netdev=hn0,queue=tx,indev=red0",
                "-object", "filter-redirector,id=f2,netdev=hn0,queue=rx,outdev=red1",
                "-object", "filter-rewriter,id=rew0,netdev=hn0,queue=all",
                "-drive", "if=none,id=parent0,file.filename=\(directory)/primary.qcow2,driver=qcow2",
                "-drive", "if=none,id=childs0,\(replication),\(files.joined(separator: ","))",
                "-drive", "if=ide,id=colo-disk0,driver=quorum,read-pattern=fifo,vote-threshold=1,children.0=childs0",
                "-incoming", "tcp:\(place.listenHost):\(network.ports["migrate-port"] ?? 0)",
            ]
    }
}
