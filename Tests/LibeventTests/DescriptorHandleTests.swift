import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct DescriptorHandleTests {
    @Test func closesWithItself() throws {
        let pipe = try PassedPipe()
        var handle: DescriptorHandle? = DescriptorHandle(owning: fcntl(pipe.passed.number ?? -1, F_DUPFD_CLOEXEC, 0))
        pipe.passed.close()
        #expect(!pipe.isWhollyClosed)
        handle = nil
        #expect(handle == nil && pipe.isWhollyClosed)
    }

    @Test func closesOnce() throws {
        let pipe = try PassedPipe()
        let number = pipe.passed.number
        pipe.passed.close()
        pipe.passed.close()
        #expect(number != nil && pipe.passed.number == nil && pipe.passed.take() == nil)
        #expect(pipe.isWhollyClosed)
    }

    @Test func doesNotCloseWhatItGaveAway() throws {
        let pipe = try PassedPipe()
        let number = try #require(pipe.passed.take())
        pipe.passed.close()
        #expect(!pipe.isWhollyClosed)
        let next = DescriptorHandle(owning: number)
        #expect(next != pipe.passed && Set([next, next, pipe.passed]).count == 2)
        next.close()
        #expect(pipe.isWhollyClosed)
    }
}
