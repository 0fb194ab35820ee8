//! Expressions of the Terraform language, made from a seed: the same for everybody.

/// A small generator of numbers (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap_or(0)
    }

    /// A number below a bound, less another.
    fn signed(&mut self, bound: usize, less: i64) -> i64 {
        i64::try_from(self.below(bound)).unwrap_or(0) - less
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

/// What the expressions may refer to.
pub(crate) const LOCALS: &str = r#"
locals {
  name   = "checkout"
  text   = "Ünïcode, & <tags> \"quoted\"\n\ttabs"
  number = 42
  small  = 0.125
  yes    = true
  no     = null
  template = "<$${name}>"
  words  = ["beta", "alpha", "gamma", "alpha"]
  counts = [3, 1, 2, 1]
  empty  = []
  mixed  = [1, "two", true, null, ["x"]]
  set    = toset(["b", "a", "c"])
  tags   = { team = "core", tier = "1", "a b" = "c" }
  typed  = tomap({ x = 1, y = 2 })
  object = { name = "db", size = 10, ready = false, nested = { list = [1, 2], none = null } }
  rows   = [{ id = "a", n = 1 }, { id = "b", n = 2, extra = true }]
  groups = { a = ["x", "y"], b = ["y", "z"] }
}
"#;

const STRINGS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"hello world\"",
    "\"a,b,,c\"",
    "\"10.1.2.0/24\"",
    "\"fd00::/48\"",
    "\"2024-02-29T13:04:05Z\"",
    "\"  padded  \"",
    "\"line1\\nline2\\n\"",
    "\"é\"",
    "\"Straße\"",
    "\"x-y_z.1\"",
    "\"12\"",
    "\"1.50\"",
    "\"true\"",
    "\"{\\\"k\\\":[1,2.5,null]}\"",
    "\"a: 1\\nb: [x, 'y']\\n\"",
    "\"aGVsbG8=\"",
    "\"%s-%d\"",
    "\"👩‍👩‍👧 family\"",
    "local.name",
    "local.text",
    "local.object.name",
    "local.tags.team",
    "local.tags[\"a b\"]",
    "local.rows[1].id",
    "local.words[0]",
    "\"${local.name}-${local.number}\"",
    "\"%{ if local.yes }on%{ else }off%{ endif }\"",
    "\"%{ for w in local.words }${w};%{ endfor }\"",
    "\"$${x} %%{y}\"",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "7",
    "-3",
    "10",
    "255",
    "0.5",
    "1.25",
    "-2.75",
    "1e3",
    "1.5e-7",
    "9007199254740993",
    "123456789012345678",
    "3.14159",
    "local.number",
    "local.small",
    "local.object.size",
    "local.typed.x",
    "length(local.words)",
    "local.counts[0]",
    "100000",
];
const BOOLEANS: &[&str] = &["true", "false", "local.yes", "local.object.ready", "!local.yes"];
const LISTS: &[&str] = &[
    "local.words",
    "local.empty",
    "tolist(local.words)",
    "[\"x\", \"y\"]",
    "[\"10\", \"9\", \"1\"]",
    "[]",
    "[\"\", \"a\", \"\"]",
    "split(\",\", \"a,b,c\")",
    "local.groups.a",
    "values(local.tags)",
    "keys(local.object)",
    "tolist(local.set)",
];
const NUMBER_LISTS: &[&str] = &[
    "local.counts",
    "[1, 2, 3]",
    "[0.5, \"2\"]",
    "range(4)",
    "range(5, 1, -2)",
    "values(local.typed)",
    "tolist([3, 3, 1])",
    "[5]",
];
const SETS: &[&str] = &[
    "local.set",
    "toset([\"a\", \"z\"])",
    "toset(local.words)",
    "toset([1, 2, 2])",
    "toset([])",
    "toset([true, \"x\"])",
];
const MAPS: &[&str] = &[
    "local.tags",
    "local.typed",
    "local.object",
    "{}",
    "{ a = 1, b = 2 }",
    "{ a = \"x\", c = null }",
    "tomap({ k = \"v\" })",
    "{ for w in local.set : w => upper(w) }",
    "{ (local.name) = local.number }",
    "local.object.nested",
    "{ \"1\" = true, z = [1] }",
];
const ANYTHING: &[&str] = &[
    "null",
    "local.no",
    "local.mixed",
    "local.rows",
    "local.groups",
    "local.object.nested.none",
    "local.rows[*].id",
    "local.rows[*].n",
    "local.no[*]",
    "local.name[*]",
    "local.set[*]",
    "[[1, 2], [3]]",
    "[[], [\"a\"], [[\"b\"]]]",
    "local.rows.*.id",
    "local.mixed[9]",
    "local.object.missing",
    "[for k, v in local.groups : v if k != \"a\"]",
    "{ for r in local.rows : r.id => r.n... }",
];

/// Expressions that mostly work out.
pub(crate) struct Generator(pub(crate) Random);

impl Generator {
    /// An expression of any type.
    pub(crate) fn expression(&mut self) -> String {
        let depth = 1 + self.0.below(3);
        match self.0.below(8) {
            0 => self.wild(depth),
            1 => self.boolean(depth),
            2 | 3 => self.string(depth),
            4 => self.number(depth),
            5 => self.list(depth),
            6 => self.map(depth),
            _ => self.anything(depth),
        }
    }

    fn leaf(&mut self, from: &[&str]) -> String {
        self.0.pick(from).to_owned()
    }

    fn string(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(8) == 0 {
            return self.leaf(STRINGS);
        }
        let d = depth - 1;
        match self.0.below(32) {
            0 => format!("upper({})", self.string(d)),
            1 => format!("lower({})", self.string(d)),
            2 => format!("title({})", self.string(d)),
            3 => format!("strrev({})", self.string(d)),
            4 => format!("trimspace({})", self.string(d)),
            5 => format!("trim({}, {})", self.string(d), self.leaf(STRINGS)),
            6 => format!("trimprefix({}, \"a\")", self.string(d)),
            7 => format!("trimsuffix({}, \"b\")", self.string(d)),
            8 => format!("substr({}, {}, {})", self.string(d), self.0.signed(5, 2), self.0.signed(6, 1)),
            9 => format!("replace({}, {}, {})", self.string(d), self.leaf(STRINGS), self.leaf(STRINGS)),
            10 => format!("replace({}, \"/([a-z]+)(\\\\d*)/\", \"<$2$1>\")", self.string(d)),
            11 => format!("join({}, {})", self.leaf(STRINGS), self.list(d)),
            12 => format!("format(\"%s|%v|%q\", {}, {}, {})", self.string(d), self.anything(d), self.string(d)),
            13 => format!(
                "format(\"%05d %x %#o %+d\", {0}, {0}, {0}, {0})",
                self.leaf(&["0", "7", "255", "-42", "123456789012345678"])
            ),
            14 => format!("format(\"%.3f %8.2f %-8.1f| %e %g\", {0}, {0}, {0}, {0}, {0})", self.number(d)),
            15 => {
                format!("format(\"%{}{}s|\", {})", self.0.pick(&["", "-", "0"]), self.0.below(12) + 1, self.string(d))
            }
            16 => format!("md5({})", self.string(d)),
            17 => format!("sha256({})", self.string(d)),
            18 => format!("base64encode({})", self.string(d)),
            19 => format!("base64sha512({})", self.string(d)),
            20 => format!("jsonencode({})", self.anything(d)),
            21 => format!("yamlencode({})", self.anything(d)),
            22 => format!("urlencode({})", self.string(d)),
            23 => format!("indent({}, {})", self.0.below(4), self.string(d)),
            24 => format!("\"<${{{}}}>\"", self.string(d)),
            25 => format!("tostring({})", self.number(d)),
            26 => format!("coalesce({}, {})", self.anything(d), self.string(d)),
            27 => format!(
                "cidrsubnet({}, {}, {})",
                self.leaf(&["\"10.1.2.0/24\"", "\"10.0.0.0/8\"", "\"fd00::/48\""]),
                self.0.below(9),
                self.0.below(40)
            ),
            28 => format!(
                "cidrhost({}, {})",
                self.leaf(&["\"10.1.2.0/24\"", "\"fd00::/48\"", "\"10.0.0.0/31\""]),
                self.0.signed(300, 20)
            ),
            29 => format!(
                "formatdate(\"{}\", {})",
                self.0.pick(&[
                    "DD MMM YYYY hh:mm ZZZ",
                    "EEEE, D-M-YY H:mAA",
                    "YYYY-MM-DD'T'hh:mm:ssZ",
                    "MMMM 'o''clock' s"
                ]),
                self.leaf(&["\"2024-02-29T13:04:05Z\"", "\"2019-12-31T00:00:00+05:30\"", "\"2020-01-01\""])
            ),
            30 => format!(
                "timeadd(\"2024-02-29T13:04:05Z\", \"{}\")",
                self.0.pick(&["10m", "-36h", "1h30m15.5s", "300ms", "1d", "0"])
            ),
            _ => format!("({} ? {} : {})", self.boolean(d), self.string(d), self.string(d)),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(6) == 0 {
            return self.leaf(NUMBERS);
        }
        let d = depth - 1;
        match self.0.below(16) {
            0..=3 => format!("({} {} {})", self.number(d), self.0.pick(&["+", "-", "*", "/", "%"]), self.number(d)),
            4 => format!("-{}", self.leaf(NUMBERS)),
            5 => format!("abs({})", self.number(d)),
            6 => format!("ceil({})", self.number(d)),
            7 => format!("floor({})", self.number(d)),
            8 => format!("max({}, {})", self.number(d), self.number(d)),
            9 => format!("min({}...)", self.numbers(d)),
            10 => format!("sum({})", self.numbers(d)),
            11 => format!("length({})", self.anything(d)),
            12 => format!("pow({}, {})", self.leaf(&["2", "3", "10", "0.5", "7"]), self.0.below(9)),
            13 => format!(
                "parseint({}, {})",
                self.leaf(&["\"ff\"", "\"-101\"", "\"Zz\"", "\"12\""]),
                self.leaf(&["2", "10", "16", "36", "62"])
            ),
            14 => format!("index({}, {})", self.list(d), self.leaf(&["\"a\"", "\"alpha\"", "\"x\""])),
            _ => format!("tonumber({})", self.leaf(&["\"12\"", "\"1.50\"", "\"x\"", "5", "null", "true"])),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(6) == 0 {
            return self.leaf(BOOLEANS);
        }
        let d = depth - 1;
        match self.0.below(14) {
            0 => {
                format!("({} {} {})", self.number(d), self.0.pick(&["<", "<=", ">", ">=", "==", "!="]), self.number(d))
            }
            1 | 2 => format!("({} {} {})", self.anything(d), self.0.pick(&["==", "!="]), self.anything(d)),
            3 => format!("({} {} {})", self.leaf(BOOLEANS), self.0.pick(&["&&", "||"]), self.leaf(BOOLEANS)),
            4 => format!("!({})", self.boolean(d)),
            5 => format!("contains({}, {})", self.list(d), self.leaf(STRINGS)),
            6 => format!("startswith({}, {})", self.string(d), self.leaf(STRINGS)),
            7 => format!("endswith({}, {})", self.string(d), self.leaf(STRINGS)),
            8 => format!("strcontains({}, {})", self.string(d), self.leaf(STRINGS)),
            9 => format!("can({})", self.wild(d)),
            10 => format!("alltrue([{}, {}])", self.leaf(BOOLEANS), self.leaf(BOOLEANS)),
            11 => format!("anytrue([{}, {}])", self.leaf(BOOLEANS), self.leaf(BOOLEANS)),
            12 => format!("({} == {})", self.list(d), self.list(d)),
            _ => format!("tobool({})", self.leaf(&["\"true\"", "\"1\"", "\"no\"", "null", "false"])),
        }
    }

    fn numbers(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(3) == 0 {
            return self.leaf(NUMBER_LISTS);
        }
        let d = depth - 1;
        match self.0.below(3) {
            0 => format!("[for x in {} : x * {}]", self.numbers(d), self.leaf(NUMBERS)),
            1 => format!("concat({}, [{}])", self.numbers(d), self.number(d)),
            _ => format!("[{}, {}]", self.number(d), self.number(d)),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(6) == 0 {
            return self.leaf(LISTS);
        }
        let d = depth - 1;
        match self.0.below(28) {
            0 => format!("concat({}, {})", self.list(d), self.list(d)),
            1 => format!("distinct({})", self.list(d)),
            2 => format!("sort({})", self.list(d)),
            3 => format!("reverse({})", self.list(d)),
            4 => format!("compact({})", self.list(d)),
            5 => format!("flatten([{}, [{}]])", self.list(d), self.anything(d)),
            6 => format!("slice({}, {}, {})", self.list(d), self.0.below(3), self.0.below(4)),
            7 => format!("chunklist({}, {})", self.list(d), self.0.below(4)),
            8 => format!("[for s in {} : upper(s)]", self.list(d)),
            9 => format!("[for i, s in {} : \"${{i}}-${{s}}\" if s != \"a\"]", self.list(d)),
            10 => format!("keys({})", self.map(d)),
            11 => format!("values({})", self.map(d)),
            12 => format!("split({}, {})", self.leaf(&["\",\"", "\"\"", "\"l\"", "\"a\""]), self.string(d)),
            13 => format!("formatlist(\"%s=%s\", {}, {})", self.list(d), self.leaf(STRINGS)),
            14 => format!("regexall(\"[a-z]+\", {})", self.string(d)),
            15 => format!("regex(\"^(\\\\w+)\\\\W?(.*)$\", {})", self.string(d)),
            16 => format!("setproduct({}, {})", self.list(d), self.list(d)),
            17 => format!("setunion({}, {})", self.set(d), self.set(d)),
            18 => format!("setintersection({}, {})", self.set(d), self.set(d)),
            19 => format!("setsubtract({}, {})", self.set(d), self.set(d)),
            20 => format!("coalescelist({}, {})", self.list(d), self.list(d)),
            21 => format!("matchkeys({}, {}, {})", self.list(d), self.list(d), self.list(d)),
            22 => format!("({} ? {} : {})", self.boolean(d), self.list(d), self.list(d)),
            23 => format!("tolist({})", self.anything(d)),
            24 => format!("toset({})", self.anything(d)),
            25 => format!("[{}, {}]", self.anything(d), self.anything(d)),
            26 => format!(
                "cidrsubnets(\"10.0.0.0/16\", {}, {}, {})",
                self.0.below(10),
                self.0.below(10),
                self.0.below(10)
            ),
            _ => format!("range({}, {})", self.0.below(10), self.number(0)),
        }
    }

    fn set(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(2) == 0 { self.leaf(SETS) } else { format!("toset({})", self.list(depth - 1)) }
    }

    fn map(&mut self, depth: usize) -> String {
        if depth == 0 || self.0.below(6) == 0 {
            return self.leaf(MAPS);
        }
        let d = depth - 1;
        match self.0.below(12) {
            0 => format!("merge({}, {})", self.map(d), self.map(d)),
            1 => format!("zipmap({}, {})", self.list(d), self.list(d)),
            2 => format!("{{ for k, v in {} : k => v if v != null }}", self.map(d)),
            3 => format!("{{ for s in {} : s => length(s)... }}", self.list(d)),
            4 => format!("{{ for s in {} : upper(s) => s }}", self.set(d)),
            5 => format!("tomap({})", self.map(d)),
            6 => format!("transpose({})", self.leaf(&["local.groups", "{ a = [\"1\", \"2\"], b = [] }", "local.tags"])),
            7 => format!("jsondecode(jsonencode({}))", self.map(d)),
            8 => format!("yamldecode(yamlencode({}))", self.map(d)),
            9 => format!("({} ? {} : {})", self.boolean(d), self.map(d), self.map(d)),
            10 => format!("{{ a = {}, \"b c\" = {} }}", self.anything(d), self.anything(d)),
            _ => format!("csvdecode(\"a,b\\n1,{}\\n\\\"x,y\\\",z\\n\")", self.0.below(100)),
        }
    }

    fn anything(&mut self, depth: usize) -> String {
        let d = depth.saturating_sub(1);
        match self.0.below(14) {
            0 | 1 => self.leaf(ANYTHING),
            2 => self.string(d),
            3 => self.number(d),
            4 => self.boolean(d),
            5 => self.list(d),
            6 => self.map(d),
            7 => self.set(d),
            8 => format!(
                "lookup({}, {}, {})",
                self.map(d),
                self.leaf(&["\"a\"", "\"team\"", "\"x\""]),
                self.leaf(STRINGS)
            ),
            9 => format!("element({}, {})", self.list(d), self.0.below(5)),
            10 => format!("try({}, {})", self.wild(d), self.leaf(STRINGS)),
            11 => {
                format!("one({})", self.leaf(&["[]", "[1]", "[1, 2]", "toset([\"q\"])", "tolist([])", "local.words"]))
            }
            12 => format!(
                "{}[{}]",
                self.leaf(&["local.words", "local.mixed", "local.tags", "local.rows", "local.set", "local.name"]),
                self.leaf(&["0", "1", "\"team\"", "\"1\"", "0.5", "-1", "null"])
            ),
            _ => format!("({} ? {} : {})", self.boolean(d), self.leaf(ANYTHING), self.string(d)),
        }
    }

    /// A call that need not make sense.
    fn wild(&mut self, depth: usize) -> String {
        const FUNCTIONS: &[&str] = &[
            "abs",
            "alltrue",
            "base64decode",
            "basename",
            "ceil",
            "chomp",
            "chunklist",
            "coalesce",
            "coalescelist",
            "compact",
            "concat",
            "contains",
            "csvdecode",
            "dirname",
            "distinct",
            "element",
            "flatten",
            "format",
            "formatlist",
            "index",
            "join",
            "jsondecode",
            "jsonencode",
            "keys",
            "length",
            "log",
            "lookup",
            "matchkeys",
            "max",
            "merge",
            "min",
            "one",
            "range",
            "regex",
            "regexall",
            "replace",
            "reverse",
            "setproduct",
            "setunion",
            "signum",
            "slice",
            "sort",
            "split",
            "strrev",
            "substr",
            "sum",
            "timecmp",
            "title",
            "tobool",
            "tolist",
            "tomap",
            "tonumber",
            "toset",
            "tostring",
            "transpose",
            "upper",
            "values",
            "yamldecode",
            "yamlencode",
            "zipmap",
        ];
        let d = depth.saturating_sub(1);
        let name = self.0.pick(FUNCTIONS);
        let count = self.0.below(4);
        let arguments: Vec<String> = (0..count).map(|_| self.anything(d)).collect();
        format!("{name}({})", arguments.join(", "))
    }
}
