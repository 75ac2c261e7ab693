import Testing

@testable import COLO

@Suite(.timeLimit(.minutes(15)))
struct BrokenVersionsTests {
    @Test(arguments: ["10.0.13", "10.1.0", "10.1"])
    func areTold(version: String) {
        let warning = "COLO is broken in QEMU \(version): a secondary may hang at any checkpoint; 7.2 is known to work"
        #expect(BrokenVersions.warning(for: version) == warning)
    }

    @Test(arguments: ["7.2.22", "8.2.0", "10.2.0", "11.0.1", "1.10.0", ""])
    func areNoOthers(version: String) {
        #expect(BrokenVersions.warning(for: version) == nil)
    }
}
