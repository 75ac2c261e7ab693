import Glibc
import Libevent
import Testing

@Suite(.timeLimit(.minutes(15)))
struct SystemErrorTests {
    @Test func readsAsOneLine() {
        let error = SystemError(call: "bind", code: ENOENT, subject: "unix:/run/x.sock")
        #expect(error.description == "bind unix:/run/x.sock: No such file or directory")
        #expect(SystemError(call: "eventfd", code: EMFILE, subject: "").description == "eventfd: Too many open files")
    }
}
