import Foundation

/// What runs in a pair: 512 bytes that the BIOS loads from the disk.
///
/// Every other tick of the BIOS's clock, that is about nine times a second, it adds one to a counter, writes a letter
/// to the first serial port, and writes the counter to the disk's second sector.
///
/// Before that it has QEMU flush its TLB: until 9.0, QEMU with TCG forgot to look for further writes to a page that a
/// checkpoint had found written (softmmu/physmem.c, `cpu_physical_memory_sync_dirty_bitmap`), so that the secondary
/// went on with old memory.
enum COLOGuest {
    /// Where in memory the counter is, 32 bits wide.
    static let counterAddress = "0x5000"

    /// As large as the disk of a pair is.
    static let diskSize = 16 << 20

    /// The sector but for its end.
    ///
    /// Made with `as --32` and `ld -m elf_i386 -Ttext 0x7c00 --oformat binary` of this:
    ///
    ///     .code16
    ///     .globl _start
    ///     _start: cli
    ///             xorw  %ax, %ax
    ///             movw  %ax, %ds
    ///             movw  %ax, %es
    ///             movw  %ax, %ss
    ///             movw  $0x7c00, %sp
    ///             movb  %dl, drive          # the BIOS tells from which drive it has loaded this
    ///             sti
    ///             movl  $0x5000, %edi       # the counter
    ///             xorl  %eax, %eax
    ///             movl  %eax, (%edi)
    ///     loop:   movl  %cr0, %eax          # write protection on or off: QEMU flushes its TLB
    ///             xorl  $0x10000, %eax
    ///             movl  %eax, %cr0
    ///             movl  $0x5000, %edi
    ///             incl  (%edi)
    ///             movb  (%edi), %al         # a letter from A to P
    ///             andb  $15, %al
    ///             addb  $65, %al
    ///             movw  $0x3f8, %dx
    ///             outb  %al, %dx
    ///             movw  $0x0301, %ax        # write one sector
    ///             movw  $0x5000, %bx        # from here
    ///             movw  $0x0002, %cx        # to cylinder 0, sector 2
    ///             movb  $0, %dh             # and head 0
    ///             movb  drive, %dl
    ///             int   $0x13
    ///             movl  0x46c, %ecx         # the BIOS's clock, 18.2 ticks a second
    ///     wait:   hlt
    ///             movl  0x46c, %eax
    ///             subl  %ecx, %eax
    ///             cmpl  $2, %eax
    ///             jb    wait
    ///             jmp   loop
    ///     drive:  .byte 0
    ///             .org  510
    ///             .word 0xaa55
    private static let code: [UInt8] = [
        0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0x88, 0x16, 0x65, 0x7C,
        0xFB, 0x66, 0xBF, 0x00, 0x50, 0x00, 0x00, 0x66, 0x31, 0xC0, 0x67, 0x66, 0x89, 0x07, 0x0F, 0x20,
        0xC0, 0x66, 0x35, 0x00, 0x00, 0x01, 0x00, 0x0F, 0x22, 0xC0, 0x66, 0xBF, 0x00, 0x50, 0x00, 0x00,
        0x67, 0x66, 0xFF, 0x07, 0x67, 0x8A, 0x07, 0x24, 0x0F, 0x04, 0x41, 0xBA, 0xF8, 0x03, 0xEE, 0xB8,
        0x01, 0x03, 0xBB, 0x00, 0x50, 0xB9, 0x02, 0x00, 0xB6, 0x00, 0x8A, 0x16, 0x65, 0x7C, 0xCD, 0x13,
        0x66, 0x8B, 0x0E, 0x6C, 0x04, 0xF4, 0x66, 0xA1, 0x6C, 0x04, 0x66, 0x29, 0xC8, 0x66, 0x83, 0xF8,
        0x02, 0x72, 0xF2, 0xEB, 0xB9, 0x00,
    ]

    /// Writes a disk with it, as qcow2.
    static func writeDisk(_ path: String) throws {
        let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xAA]
        let raw = "\(path).raw"
        guard FileManager.default.createFile(atPath: raw, contents: Data(sector)) else {
            throw Failure("\(raw) cannot be written")
        }
        guard truncate(raw, off_t(diskSize)) == 0 else { throw Failure.system("truncate \(raw)") }
        try makeImage(["convert", "-f", "raw", "-O", "qcow2", raw, path])
    }

    /// Makes an empty disk of the same size, as qcow2.
    static func writeEmptyDisk(_ path: String) throws {
        try makeImage(["create", "-q", "-f", "qcow2", path, "\(diskSize)"])
    }

    private static func makeImage(_ arguments: [String]) throws {
        let (ending, _, errors) = try Workbench.current.run(["qemu-img"] + arguments)
        guard ending == .exited(0) else { throw Failure("qemu-img \(arguments) \(ending): \(errors)") }
    }
}
