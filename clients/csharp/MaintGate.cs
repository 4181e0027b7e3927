// Ask a SMART-MaintenanceHub agent whether a test may start, from C#.
//
// One file and no package: .NET Standard 2.0, so .NET Framework 4.7.2 or later, .NET 6 or later, and Mono. C# 7.
//
//     var gate = new Gate("LP-01");
//     using (var run = gate.StartTest("T-1", kind: "penetrant"))   // throws BlockedException with the reasons
//     {
//         ...                                                      // the test itself
//         run.End(TestResult.Passed);                              // without it the test counts as aborted
//     }
//
// Deny is the default: whatever goes wrong on the way to an answer is a blocked decision, never an allowed one.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace SmartMaintenanceHub
{
    /// <summary>How a test ended.</summary>
    public enum TestResult { Passed, Failed, Aborted }

    /// <summary>The agent refused, or could not be asked. Code is stable (MAINT_ERR_…); Help is null where there is none.</summary>
    public sealed class MaintException : Exception
    {
        public string Code { get; }
        public string Help { get; }
        /// <summary>The HTTP status, 0 where nothing answered.</summary>
        public int Status { get; }

        public MaintException(string code, string message, string help = null, int status = 0)
            : base(message)
        {
            Code = code;
            Help = help;
            Status = status;
        }
    }

    /// <summary>The test must not start. The message says why and what would make it allowed.</summary>
    public sealed class BlockedException : Exception
    {
        public Decision Decision { get; }

        public BlockedException(Decision decision) : base(decision.Explain()) { Decision = decision; }
    }

    /// <summary>One action that helps to turn blocked into allowed. Who is a role or "operator".</summary>
    public sealed class Remedy
    {
        public string Text { get; }
        public string Who { get; }

        internal Remedy(string text, string who) { Text = text; Who = who; }
    }

    /// <summary>What the gate said. Reasons and warnings are "code:subject".</summary>
    public sealed class Decision
    {
        public const string Unavailable = "runtime.unavailable:node";

        public bool Allow { get; internal set; }
        public IReadOnlyList<string> Reasons { get; internal set; } = new string[0];
        public IReadOnlyList<string> Warnings { get; internal set; } = new string[0];
        public IReadOnlyList<Remedy> GetToGreen { get; internal set; } = new Remedy[0];
        /// <summary>Where the decision stands in the node's ledger; null where no agent wrote it down.</summary>
        public long? LedgerSeq { get; internal set; }
        public string Node { get; internal set; }
        public string Test { get; internal set; }
        /// <summary>Why no agent's decision could be had; null where there is one.</summary>
        public MaintException Problem { get; internal set; }

        internal IReadOnlyDictionary<string, string> Texts = new Dictionary<string, string>();

        internal Decision() { }

        /// <summary>Lines for the operator: the verdict, each reason with its figures, and what to do.</summary>
        public string Explain()
        {
            var lines = new List<string>
            {
                (Test == null ? "a test" : "test " + Test) + " is " + (Allow ? "allowed" : "blocked") + (Node == null ? "" : " at " + Node),
            };
            lines.AddRange(Reasons.Select(reason => "  " + reason + TextOf(reason)));
            lines.AddRange(Warnings.Select(warning => "  warning " + warning + TextOf(warning)));
            if (Problem != null) lines.Add("  " + Problem.Message);
            if (Problem?.Help != null) lines.Add("  to do: " + Problem.Help);
            if (GetToGreen.Count > 0) lines.Add("what would make it allowed:");
            lines.AddRange(GetToGreen.Select(remedy => "  - " + remedy.Text + " (" + remedy.Who + ")"));
            return string.Join(Environment.NewLine, lines);
        }

        private string TextOf(string reason) => Texts.TryGetValue(reason, out var text) ? "  " + text : "";
    }

    /// <summary>
    /// The agent of one test node. It listens at url, else at what it wrote to nodes/NODE/address.json in the data folder (data,
    /// else MAINT_DATA, else ./maint-data), read again for each question. It is asked with tokenFile, else MAINT_TOKEN_FILE, else
    /// the node's own token. The time-out, 10 s unless given, is for a whole question. Safe to share between threads.
    /// </summary>
    public sealed class Gate
    {
        private const int MaxAnswerBytes = 8 << 20;
        private static readonly Regex NodeId = new Regex(@"\A[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*\z");
        private static readonly Regex Token = new Regex(@"\A[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*:[A-Za-z0-9_-]{43}\z");
        private static readonly Regex WholeNumber = new Regex(@"\A(0|[1-9][0-9]{0,17})\z");

        // A proxy of the system would see the token, and a redirect could take it elsewhere.
        private static readonly HttpClient Http = new HttpClient(new HttpClientHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };

        private readonly string node, url, tokenFile, data;
        private readonly TimeSpan timeout;
        private readonly bool insecureRemote;

        /// <exception cref="ArgumentException">for settings that cannot be right, such as the address of another machine</exception>
        public Gate(string node = null, string url = null, string tokenFile = null, string data = null, TimeSpan? timeout = null, bool insecureRemote = false)
        {
            if (node == null && url == null) throw new ArgumentException("say which agent: node, or url");
            if (node != null && (node.Length > 64 || !NodeId.IsMatch(node))) throw new ArgumentException("\"" + node + "\" is no node id");
            if (timeout != null && (timeout <= TimeSpan.Zero || timeout > TimeSpan.FromMinutes(10))) throw new ArgumentException("the time-out lies between 0 and 10 minutes");
            if (url != null) Endpoint(url, insecureRemote);
            this.node = node;
            this.url = url;
            this.tokenFile = tokenFile;
            this.data = data;
            this.timeout = timeout ?? TimeSpan.FromSeconds(10);
            this.insecureRemote = insecureRemote;
        }

        /// <summary>Asks whether the test may start now. Never throws for what an agent does or does not do: that is a blocked decision.</summary>
        public Decision Check(string test = null, string kind = null, string order = null, string part = null, decimal? plannedHours = null, decimal? plannedCycles = null) =>
            Decide("/v1/gate", test, Body(test, kind, order, part, plannedHours, plannedCycles));

        /// <summary>As Check, but throws where the test must not start.</summary>
        /// <exception cref="BlockedException">with the reasons</exception>
        public Decision Require(string test = null, string kind = null, string order = null, string part = null, decimal? plannedHours = null, decimal? plannedCycles = null) =>
            MustAllow(Check(test, kind, order, part, plannedHours, plannedCycles));

        /// <summary>As Require, and the agent counts the test as running until the run ends.</summary>
        /// <exception cref="BlockedException">with the reasons</exception>
        public TestRun StartTest(string test, string kind = null, string order = null, string part = null, decimal? plannedHours = null, decimal? plannedCycles = null)
        {
            if (string.IsNullOrEmpty(test)) throw new ArgumentException("a test that starts has an id");
            return new TestRun(this, test, MustAllow(Decide("/v1/test/start", test, Body(test, kind, order, part, plannedHours, plannedCycles))));
        }

        internal IReadOnlyList<string> End(string test, TestResult result)
        {
            var answer = Ask("/v1/test/end", "{\"test\":" + Json.Quote(test) + ",\"result\":\"" + result.ToString().ToLowerInvariant() + "\"}");
            if (!(Get(answer, "test") is string told) || told != test || Sequence(answer) == null)
                throw Strange("it did not say that the test ended");
            return Texts(Get(answer, "closingChecks")) ?? throw Strange("it did not say which checks are due");
        }

        private static Decision MustAllow(Decision decision) => decision.Allow ? decision : throw new BlockedException(decision);

        private Decision Decide(string path, string test, string body)
        {
            MaintException problem;
            try
            {
                return Read(Ask(path, body), path, test);
            }
            catch (MaintException refused)
            {
                problem = refused;
            }
            catch (Exception mistake) // The last line of "deny by default": a mistake in this file blocks as well.
            {
                problem = new MaintException("MAINT_ERR_INTERNAL", mistake.GetType().Name + ": " + mistake.Message);
            }
            return new Decision { Reasons = new[] { Decision.Unavailable }, Node = node, Test = test, Problem = problem };
        }

        /// <summary>The answer as a decision; throws for one that is not wholly as an agent gives it.</summary>
        private Decision Read(Dictionary<string, object> answer, string path, string test)
        {
            var reasons = Texts(Get(answer, "reasons"));
            var warnings = Texts(Get(answer, "warnings"));
            var seq = Sequence(answer);
            if (answer.ContainsKey("preview")) throw Strange("it answered with a preview, which allows nothing");
            if (!(Get(answer, "allow") is bool allow) || reasons == null || warnings == null) throw Strange("its answer is no decision");
            if (allow != (reasons.Count == 0)) throw Strange("its verdict and its reasons contradict each other");
            // A decision that stands in no ledger was made by nobody; a blocked one may still say why.
            if (seq == null && (allow || !answer.ContainsKey("ledgerSeq") || answer["ledgerSeq"] != null)) throw Strange("its decision was not written down");
            if (node != null && !node.Equals(Get(answer, "node"))) throw Strange("it decides for another node than " + node);
            if (!Equals(Get(answer, "testId"), test)) throw Strange("it decided about another test");
            if (path == "/v1/test/start" && allow && !(Get(answer, "running") is Dictionary<string, object> running && test.Equals(Get(running, "test"))))
                throw Strange("it allowed the test, but did not note its start");
            return new Decision
            {
                Allow = allow,
                Reasons = reasons,
                Warnings = warnings,
                GetToGreen = Rows(answer, "getToGreen").Select(row => new Remedy(Get(row, "text") as string, Get(row, "who") as string)).Where(row => row.Text != null && row.Who != null).ToArray(),
                LedgerSeq = seq,
                Node = Get(answer, "node") as string,
                Test = test,
                Texts = Rows(answer, "details").GroupBy(row => Get(row, "code") + ":" + Get(row, "subject")).ToDictionary(rows => rows.Key, rows => Get(rows.First(), "text") as string ?? ""),
            };
        }

        private Dictionary<string, object> Ask(string path, string body)
        {
            var endpoint = Where();
            var token = ReadToken();
            var cancel = new CancellationTokenSource(timeout);
            // Not every platform cancels a read that hangs, so nobody waits for it longer than this.
            var asking = Task.Run(() => Exchange(new Uri(endpoint, path), token, body, cancel.Token));
            try
            {
                if (!asking.Wait(timeout)) throw Unreachable("no whole answer from " + endpoint + " within " + timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture) + " s");
                return asking.Result;
            }
            catch (AggregateException several)
            {
                var error = several.Flatten().InnerExceptions[0];
                throw error is MaintException ? error : Unreachable("no agent answers at " + endpoint + " (" + (error.InnerException ?? error).Message + ")");
            }
            finally
            {
                cancel.Cancel();
            }
        }

        private static async Task<Dictionary<string, object>> Exchange(Uri address, string token, string body, CancellationToken cancel)
        {
            using (var request = new HttpRequestMessage(HttpMethod.Post, address))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                request.Headers.ConnectionClose = true;
                request.Headers.ExpectContinue = false;
                request.Content = new StringContent(body, new UTF8Encoding(false), "application/json");
                using (var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false))
                using (cancel.Register(response.Dispose))
                {
                    var content = await Content(response, cancel).ConfigureAwait(false);
                    var kind = response.Content.Headers.ContentType?.MediaType ?? "no content type";
                    if (!kind.Equals("application/json", StringComparison.OrdinalIgnoreCase)) throw Strange("it answered with " + kind + " instead of JSON", (int)response.StatusCode);
                    var answer = Parse(content, (int)response.StatusCode);
                    return response.StatusCode == HttpStatusCode.OK ? answer : throw Refused(answer, (int)response.StatusCode);
                }
            }
        }

        private static async Task<byte[]> Content(HttpResponseMessage response, CancellationToken cancel)
        {
            // An agent answers in HTTP/1.1 and says how long its answer is. Of any other the end could have been cut off.
            var length = response.Content.Headers.ContentLength;
            if (response.Version != HttpVersion.Version11 || (length == null && response.Headers.TransferEncodingChunked != true)) throw Strange("it does not answer as an agent does");
            using (var stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false))
            {
                var read = new MemoryStream();
                var piece = new byte[65536];
                for (int count; (count = await stream.ReadAsync(piece, 0, piece.Length, cancel).ConfigureAwait(false)) > 0;)
                {
                    read.Write(piece, 0, count);
                    if (read.Length > MaxAnswerBytes) throw Strange("its answer is too long");
                }
                if (length != null && read.Length != length) throw Strange("its answer was cut off");
                return read.ToArray();
            }
        }

        private static Dictionary<string, object> Parse(byte[] content, int status)
        {
            try
            {
                if (Json.Read(new UTF8Encoding(false, true).GetString(content)) is Dictionary<string, object> answer) return answer;
            }
            catch (FormatException) { }
            catch (ArgumentException) { } // No UTF-8.
            throw Strange("it answered " + status + " without a JSON object", status);
        }

        private Uri Where()
        {
            try
            {
                if (url != null) return Endpoint(url, insecureRemote);
                var file = Path.Combine(Folder(), "nodes", node, "address.json");
                if (!File.Exists(file)) throw new MaintException("MAINT_ERR_NO_AGENT", "no agent of node " + node + " runs in " + Folder(), "start it with: maint node start " + node);
                return Endpoint(Get(Parse(File.ReadAllBytes(file), 0), "url") as string, insecureRemote);
            }
            catch (ArgumentException error)
            {
                throw new MaintException("MAINT_ERR_URL", error.Message);
            }
        }

        /// <summary>No name is looked up: what a name means is for others to say. "localhost" is 127.0.0.1.</summary>
        private static Uri Endpoint(string url, bool insecureRemote)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != "http" || uri.UserInfo != "" || uri.PathAndQuery != "/" || uri.Fragment != "")
                throw new ArgumentException("\"" + url + "\" is no agent's address; write it as http://127.0.0.1:8421");
            var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host.Trim('[', ']');
            if (!IPAddress.TryParse(host, out var ip)) throw new ArgumentException("\"" + url + "\" names no IP address");
            if (!IPAddress.IsLoopback(ip) && !insecureRemote)
                throw new ArgumentException(host + " is another machine, and the token would travel in the clear: tunnel it (ssh -L), or say insecureRemote");
            return new UriBuilder("http", host, uri.Port).Uri;
        }

        private string Folder() => data ?? Set("MAINT_DATA") ?? "maint-data";

        private string ReadToken()
        {
            var file = tokenFile ?? Set("MAINT_TOKEN_FILE");
            if (file == null && node == null) throw new MaintException("MAINT_ERR_NO_TOKEN", "no token to ask with", "name tokenFile, or node");
            file = file ?? Path.Combine(Folder(), "nodes", node, "token");
            if (!File.Exists(file)) throw new MaintException("MAINT_ERR_SECRET_MISSING", file + ": no such token file");
            if (new FileInfo(file).Length > 16 << 10) throw new MaintException("MAINT_ERR_TOKEN", file + ": too large for a token");
            var token = File.ReadAllText(file).Trim();
            return Token.IsMatch(token) ? token : throw new MaintException("MAINT_ERR_TOKEN", file + ": holds no token");
        }

        private static string Set(string name)
        {
            var value = Environment.GetEnvironmentVariable(name);
            return string.IsNullOrEmpty(value) ? null : value;
        }

        private static string Body(string test, string kind, string order, string part, decimal? hours, decimal? cycles)
        {
            if (hours < 0 || cycles < 0) throw new ArgumentException("planned use is not negative");
            if (new[] { test, kind, order, part }.Contains("")) throw new ArgumentException("an empty text says nothing: leave it out");
            var planned = new[] { Member("hours", Exact(hours)), Member("cycles", Exact(cycles)) }.Where(one => one != null).ToArray();
            var members = new[] { Member("test", test), Member("kind", kind), Member("order", order), Member("part", part), planned.Length == 0 ? null : "\"planned\":{" + string.Join(",", planned) + "}" };
            return "{" + string.Join(",", members.Where(one => one != null)) + "}";
        }

        private static string Member(string name, string value) => value == null ? null : Json.Quote(name) + ":" + Json.Quote(value);

        private static string Exact(decimal? value) => value?.ToString(CultureInfo.InvariantCulture);

        private static object Get(Dictionary<string, object> members, string name) => members.TryGetValue(name, out var value) ? value : null;

        private static long? Sequence(Dictionary<string, object> answer) =>
            Get(answer, "ledgerSeq") is Json.Number number && WholeNumber.IsMatch(number.Text) ? long.Parse(number.Text, CultureInfo.InvariantCulture) : (long?)null;

        private static IReadOnlyList<string> Texts(object value) =>
            value is List<object> list && list.All(one => one is string) ? list.Cast<string>().ToArray() : null;

        private static IEnumerable<Dictionary<string, object>> Rows(Dictionary<string, object> answer, string name) =>
            (Get(answer, name) as List<object> ?? new List<object>()).OfType<Dictionary<string, object>>();

        private static MaintException Unreachable(string message) => new MaintException("MAINT_ERR_AGENT_UNREACHABLE", message, "is it running? maint node start");

        private static MaintException Strange(string why, int status = 0) =>
            new MaintException("MAINT_ERR_AGENT_ANSWER", "what answers there is no agent of this kind: " + why, null, status);

        private static MaintException Refused(Dictionary<string, object> answer, int status)
        {
            var error = Get(answer, "error") as Dictionary<string, object> ?? new Dictionary<string, object>();
            var code = Get(error, "code") as string;
            var known = code != null && code.StartsWith("MAINT_ERR_", StringComparison.Ordinal);
            return new MaintException(known ? code : "MAINT_ERR_AGENT_ANSWER", Get(error, "message") as string ?? "the agent answered " + status, Get(error, "help") as string, status);
        }
    }

    /// <summary>
    /// A test that runs. End it with its result; one that is disposed without that counts as aborted. Dispose throws nothing: it
    /// also runs when the test itself threw, and whoever reads a failed test must see why it failed. EndProblem then says what
    /// went wrong, and so does the trace.
    /// </summary>
    public sealed class TestRun : IDisposable
    {
        private readonly Gate gate;
        private bool ended;
        private TestResult result = TestResult.Aborted;

        public string Test { get; }
        public Decision Decision { get; }
        /// <summary>Assets to be checked after this use; null before the end was told.</summary>
        public IReadOnlyList<string> ClosingChecks { get; private set; }
        public MaintException EndProblem { get; private set; }

        internal TestRun(Gate gate, string test, Decision decision)
        {
            this.gate = gate;
            Test = test;
            Decision = decision;
        }

        /// <exception cref="MaintException">the agent does not know that the test ended; End may be called again</exception>
        public void End(TestResult result)
        {
            if (ended) throw new InvalidOperationException("test " + Test + " has ended");
            this.result = result;
            ClosingChecks = gate.End(Test, result);
            ended = true;
        }

        public void Dispose()
        {
            if (ended) return;
            try
            {
                // Where an End before this one got lost on its way, its result is still the one to tell.
                End(result);
            }
            catch (MaintException untold)
            {
                ended = true;
                EndProblem = untold;
                Trace.TraceWarning("the end of test {0} could not be told to the agent: {1}", Test, untold.Message);
            }
        }
    }

    /// <summary>
    /// Reads JSON strictly: a name that stands twice could say allow and block at once. .NET Standard 2.0 has no reader of its own
    /// that refuses that. Objects are dictionaries, lists are lists, a number keeps its text.
    /// </summary>
    internal sealed class Json
    {
        internal sealed class Number
        {
            public string Text;
        }

        private const int MaxDepth = 64;
        private static readonly Regex NumberForm = new Regex(@"\G-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?");
        private readonly string text;
        private int at;

        private Json(string text) { this.text = text; }

        /// <exception cref="FormatException">it is no JSON</exception>
        internal static object Read(string text)
        {
            var json = new Json(text);
            var value = json.Value(0);
            json.Space();
            return json.at == text.Length ? value : throw json.Bad();
        }

        internal static string Quote(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (var letter in text)
            {
                if (letter == '"' || letter == '\\' || letter < ' ' || letter > '~') quoted.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
                else quoted.Append(letter);
            }
            return quoted.Append('"').ToString();
        }

        private object Value(int depth)
        {
            Space();
            if (depth > MaxDepth || at >= text.Length) throw Bad();
            switch (text[at])
            {
                case '{': return Members(depth);
                case '[': return Items(depth);
                case '"': return Text();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Digits();
            }
        }

        private Dictionary<string, object> Members(int depth)
        {
            var members = new Dictionary<string, object>(StringComparer.Ordinal);
            for (at++; !Next('}', members.Count == 0);)
            {
                Space();
                var name = Text();
                Space();
                Expect(':');
                if (members.ContainsKey(name)) throw Bad();
                members.Add(name, Value(depth + 1));
            }
            return members;
        }

        private List<object> Items(int depth)
        {
            var items = new List<object>();
            for (at++; !Next(']', items.Count == 0);) items.Add(Value(depth + 1));
            return items;
        }

        /// <summary>True at the end; else it has read the comma before the next member, which the first one has not.</summary>
        private bool Next(char end, bool first)
        {
            Space();
            if (at < text.Length && text[at] == end)
            {
                at++;
                return true;
            }
            if (!first) Expect(',');
            return false;
        }

        private string Text()
        {
            Expect('"');
            var read = new StringBuilder();
            while (true)
            {
                if (at >= text.Length || text[at] < ' ') throw Bad();
                var letter = text[at++];
                if (letter == '"') return read.ToString();
                read.Append(letter == '\\' ? Escaped() : letter);
            }
        }

        private char Escaped()
        {
            if (at >= text.Length) throw Bad();
            var letter = text[at++];
            if (letter == 'u')
            {
                if (at + 4 > text.Length || !text.Substring(at, 4).All(Uri.IsHexDigit)) throw Bad();
                at += 4;
                return (char)int.Parse(text.Substring(at - 4, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            var known = "\"\\/bfnrt".IndexOf(letter);
            return known >= 0 ? "\"\\/\b\f\n\r\t"[known] : throw Bad();
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw Bad();
            at += word.Length;
            return value;
        }

        private Number Digits()
        {
            var found = NumberForm.Match(text, at);
            if (!found.Success) throw Bad();
            at += found.Length;
            return new Number { Text = found.Value };
        }

        private void Space()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
        }

        private void Expect(char letter)
        {
            if (at >= text.Length || text[at] != letter) throw Bad();
            at++;
        }

        private FormatException Bad() => new FormatException("no JSON at character " + at);
    }
}
