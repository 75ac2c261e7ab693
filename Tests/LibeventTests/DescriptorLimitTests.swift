import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DescriptorLimitTests {
    @Test func isTheHardLimitAfterwards() throws {
        let number = try raiseDescriptorLimit()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(limit.rlim_cur == limit.rlim_max && number == Int(clamping: limit.rlim_max))
    }
}
