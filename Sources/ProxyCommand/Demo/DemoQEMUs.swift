internal import Foundation

/// Two real QEMUs on this machine, the primary of which is killed.
///
/// With TCG a primary hangs for ever at its first checkpoint, so there is none: the time between them is an hour. That
/// is enough, as the death of a primary is what its secondary sees at once.
final class DemoQEMUs: DemoPair {
    private let programs: DemoPrograms
    private var primary: Process?
    private var hasNewPartner = false

    private static let addresses = ["127.0.0.1", "127.0.0.2"]
    /// What the command lines and the runbooks say (QEMU's docs/COLO-FT.txt).
    private static let ports: [UInt16] = [9001, 9003, 9004, 9005, 9998, 9999]
    /// How long the pair is shown before the primary is killed, in seconds.
    private static let pairedFor = 1.0
    /// How large the disks are, in qemu-img's words.
    private static let diskSize = "16M"

    /// - Throws: `Demo.Failure` when a program or a port is missing.
    init(_ programs: DemoPrograms) throws {
        self.programs = programs
        let missing = ["qemu-system-x86_64", "qemu-img"].filter { DemoPrograms.find($0) == nil }
        guard missing.isEmpty else {
            let advice = "install them with: apt-get install -y --no-install-recommends qemu-system-x86 qemu-utils"
            throw Demo.Failure(text: "not installed: \(missing.joined(separator: ", ")); \(advice)")
        }
        for address in Self.addresses {
            for port in Self.ports where !Self.isFree(address, port) {
                let all = Self.ports.map(String.init).joined(separator: ", ")
                let wanted = "the pair needs ports \(all) on \(Self.addresses.joined(separator: " and "))"
                throw Demo.Failure(text: "\(address):\(port) is in use: \(wanted)")
            }
        }
    }

    var title: String { "Two real QEMUs are a COLO pair" }
    var settings: [String] { ["checkpoint-delay: 3600000"] }
    var secondsMax: Double { 90 }

    func start() throws {
        try makeDisk("disk-b.qcow2", from: DemoGuest.sector)
        try FileManager.default.copyItem(atPath: programs.path("disk-b.qcow2"), toPath: programs.path("disk-a.qcow2"))
        try startSecondary(host: "b", address: "127.0.0.2", peer: "127.0.0.1", disk: "disk-b.qcow2")
        primary = try startPrimary()
    }

    func act(in chapter: DemoStory.Chapter, after seconds: Double) throws {
        if chapter == .paired, seconds >= Self.pairedFor, let primary {
            programs.kill(primary)
            self.primary = nil
        }
        guard chapter == .alone, !hasNewPartner else { return }
        hasNewPartner = true
        try makeDisk("disk-new.qcow2")
        try startSecondary(host: "a", address: "127.0.0.1", peer: "127.0.0.2", disk: "disk-new.qcow2")
    }

    // MARK: - Disks

    /// Makes a disk that begins so.
    private func makeDisk(_ name: String, from start: [UInt8] = []) throws {
        guard !start.isEmpty else {
            return try programs.run(
                "qemu-img",
                ["qemu-img", "create", "-f", "qcow2", programs.path(name), Self.diskSize]
            )
        }
        let raw = programs.path("\(name).raw")
        try Data(start).write(to: URL(filePath: raw))
        try programs.run("qemu-img", ["qemu-img", "resize", "-f", "raw", raw, Self.diskSize])
        try programs.run("qemu-img", ["qemu-img", "convert", "-O", "qcow2", "-f", "raw", raw, programs.path(name)])
    }

    // MARK: - Command lines, as in QEMU's docs/COLO-FT.txt

    private func machine(_ host: String) -> [String] {
        [
            "qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-display", "none", "-monitor", "none",
            "-qmp", "unix:\(programs.path("qemu-\(host).sock")),server=on,wait=off",
            "-device", "piix3-usb-uhci", "-device", "usb-tablet",
            "-netdev", "user,id=hn0", "-device", "rtl8139,id=e0,netdev=hn0,mac=52:54:00:12:34:56",
        ]
    }

    private static let quorum = "if=ide,id=colo-disk0,driver=quorum,read-pattern=fifo,vote-threshold=1"

    /// It greets nobody before its secondary has connected.
    private func startPrimary() throws -> Process {
        let here = "host=127.0.0.1"
        let sockets = [
            "mirror0,\(here),port=9003,server=on,wait=off", "compare1,\(here),port=9004,server=on,wait=on",
            "compare0,\(here),port=9001,server=on,wait=off", "compare0-0,\(here),port=9001",
            "compare_out,\(here),port=9005,server=on,wait=off", "compare_out0,\(here),port=9005",
        ]
        let comparison = "primary_in=compare0-0,secondary_in=compare1,outdev=compare_out0,iothread=iothread1"
        let objects = [
            "filter-mirror,id=m0,netdev=hn0,queue=tx,outdev=mirror0",
            "filter-redirector,netdev=hn0,id=redire0,queue=rx,indev=compare_out",
            "filter-redirector,netdev=hn0,id=redire1,queue=rx,outdev=compare0",
            "iothread,id=iothread1", "colo-compare,id=comp0,\(comparison)",
        ]
        let disk = "children.0.file.filename=\(programs.path("disk-a.qcow2")),children.0.driver=qcow2"
        return try programs.start(
            "primary",
            machine("a") + sockets.flatMap { ["-chardev", "socket,id=\($0)"] } + objects.flatMap { ["-object", $0] }
                + ["-drive", "\(Self.quorum),\(disk)", "-S"]
        )
    }

    private func startSecondary(host: String, address: String, peer: String, disk: String) throws {
        for name in ["active", "hidden"] { try makeDisk("\(name)-\(host).qcow2") }
        let replication = [
            "driver=replication", "mode=secondary", "file.driver=qcow2", "top-id=colo-disk0",
            "file.file.filename=\(programs.path("active-\(host).qcow2"))", "file.backing.driver=qcow2",
            "file.backing.file.filename=\(programs.path("hidden-\(host).qcow2"))", "file.backing.backing=parent0",
        ]
        try programs.start(
            "secondary-\(host)",
            machine(host) + [
                "-chardev", "socket,id=red0,host=\(peer),port=9003,reconnect=1",
                "-chardev", "socket,id=red1,host=\(peer),port=9004,reconnect=1",
                "-object", "filter-redirector,id=f1,netdev=hn0,queue=tx,indev=red0",
                "-object", "filter-redirector,id=f2,netdev=hn0,queue=rx,outdev=red1",
                "-object", "filter-rewriter,id=rew0,netdev=hn0,queue=all",
                "-drive", "if=none,id=parent0,file.filename=\(programs.path(disk)),driver=qcow2",
                "-drive", "if=none,id=childs0,\(replication.joined(separator: ","))",
                "-drive", "\(Self.quorum),children.0=childs0", "-incoming", "tcp:\(address):9998",
            ]
        )
    }

    // MARK: - Ports

    /// Whether a port can be listened on.
    private static func isFree(_ host: String, _ port: UInt16) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && Glibc.listen(socket, 1) == 0
            }
        }
    }
}

/// What runs in the pair: a sector that the BIOS loads, and that writes to the disk nine times a second.
enum DemoGuest {
    /// The code: it counts, writes a letter to the serial port and the counter to the second sector, and waits.
    ///
    /// It waits for two ticks of the BIOS's clock. Made with `as --32` and `ld -Ttext 0x7c00 --oformat binary` of this:
    ///
    ///     cli; xorw %ax,%ax; movw %ax,%ds; movw %ax,%es; movw %ax,%ss; movw $0x7c00,%sp; movb %dl,drive; sti
    ///     movl $0x5000,%edi; xorl %eax,%eax; movl %eax,(%edi)
    ///     loop: movl $0x5000,%edi; incl (%edi)
    ///     movb (%edi),%al; andb $15,%al; addb $65,%al; movw $0x3f8,%dx; outb %al,%dx
    ///     movw $0x0301,%ax; movw $0x5000,%bx; movw $0x0002,%cx; movb $0,%dh; movb drive,%dl; int $0x13
    ///     movl 0x46c,%ecx; wait: hlt; movl 0x46c,%eax; subl %ecx,%eax; cmpl $2,%eax; jb wait; jmp loop; drive: .byte 0
    private static let code: [UInt8] = [
        0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0x88, 0x16, 0x59, 0x7C,
        0xFB, 0x66, 0xBF, 0x00, 0x50, 0x00, 0x00, 0x66, 0x31, 0xC0, 0x67, 0x66, 0x89, 0x07, 0x66, 0xBF,
        0x00, 0x50, 0x00, 0x00, 0x67, 0x66, 0xFF, 0x07, 0x67, 0x8A, 0x07, 0x24, 0x0F, 0x04, 0x41, 0xBA,
        0xF8, 0x03, 0xEE, 0xB8, 0x01, 0x03, 0xBB, 0x00, 0x50, 0xB9, 0x02, 0x00, 0xB6, 0x00, 0x8A, 0x16,
        0x59, 0x7C, 0xCD, 0x13, 0x66, 0x8B, 0x0E, 0x6C, 0x04, 0xF4, 0x66, 0xA1, 0x6C, 0x04, 0x66, 0x29,
        0xC8, 0x66, 0x83, 0xF8, 0x02, 0x72, 0xF2, 0xEB, 0xC5, 0x00,
    ]

    /// The sector.
    static var sector: [UInt8] { code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xAA] }
}
