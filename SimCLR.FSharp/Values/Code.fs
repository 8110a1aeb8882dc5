/// Prints values as the F# code that rebuilds them, and compares them field by field.
module internal SimCLR.Code

open System
open System.Collections
open System.Globalization
open System.Text
open Microsoft.FSharp.Reflection

/// Lines up to this length are not broken.
let private width = 80

let private number (x: float) =
    if Double.IsNaN x then
        "nan"
    elif Double.IsPositiveInfinity x then
        "infinity"
    elif Double.IsNegativeInfinity x then
        "-infinity"
    else
        let text = x.ToString("R", CultureInfo.InvariantCulture)

        if text.IndexOfAny [| '.'; 'E' |] >= 0 then
            text
        else
            text + ".0"

let private quoted (text: string) =
    let append (builder: StringBuilder) c =
        match c with
        | '"' -> builder.Append "\\\""
        | '\\' -> builder.Append "\\\\"
        | '\n' -> builder.Append "\\n"
        | '\r' -> builder.Append "\\r"
        | '\t' -> builder.Append "\\t"
        | c when Char.IsControl c -> builder.Append(sprintf "\\u%04x" (int c))
        | c -> builder.Append c

    (StringBuilder "\"", text) ||> Seq.fold append |> _.Append('"').ToString()

/// How a value is written.
type private Shape =
    | Atom of string
    | Record of (string * obj) list
    | List of obj list
    /// By name.
    | Map of (string * obj) list
    | Tuple of obj list
    | Case of string * obj list

/// Unions of this library are qualified; option is not.
let private caseName (case: UnionCaseInfo) =
    if Attribute.IsDefined(case.DeclaringType, typeof<RequireQualifiedAccessAttribute>) then
        $"{case.DeclaringType.Name}.{case.Name}"
    else
        case.Name

let private shape (value: obj) =
    match value with
    | null -> Atom "None"
    | :? float as x -> Atom(number x)
    | :? int as i -> Atom(string i)
    | :? int64 as i -> Atom(string i + "L")
    | :? bool as b -> Atom(if b then "true" else "false")
    | :? string as text -> Atom(quoted text)
    | _ ->
        let kind = value.GetType()

        if kind.IsGenericType && kind.GetGenericTypeDefinition() = typedefof<list<_>> then
            List [ for item in (value :?> IEnumerable) -> item ]
        elif kind = typeof<Map<string, float>> then
            Map [ for entry in unbox<Map<string, float>> value -> entry.Key, box entry.Value ]
        elif FSharpType.IsTuple kind then
            Tuple(List.ofArray (FSharpValue.GetTupleFields value))
        elif FSharpType.IsRecord kind then
            Record
                [
                    for field in FSharpType.GetRecordFields kind -> field.Name, field.GetValue value
                ]
        elif FSharpType.IsUnion kind then
            let case, fields = FSharpValue.GetUnionFields(value, kind)
            Case(caseName case, List.ofArray fields)
        else
            invalidArg (nameof value) $"A {kind.Name} cannot be printed as code."

let private isNegative (text: string) = text.StartsWith '-'

let rec private flat value =
    let all separator values =
        values |> List.map flat |> String.concat separator

    match shape value with
    | Atom text -> text
    | Record fields ->
        let field (name, value) = $"{name} = {flat value}"
        "{ " + (fields |> List.map field |> String.concat "; ") + " }"
    | List [] -> "[]"
    | List items -> "[ " + all "; " items + " ]"
    | Tuple items -> "(" + all ", " items + ")"
    | Map [] -> "Map []"
    | Map entries ->
        let entry (name, value) = $"{quoted name}, {flat value}"
        "Map [ " + (entries |> List.map entry |> String.concat "; ") + " ]"
    | Case(name, []) -> name
    | Case(name, [ single ]) -> $"{name} {argument single}"
    | Case(name, several) -> name + "(" + all ", " several + ")"

/// A value as an argument: in parentheses where it would be read otherwise.
and private argument value =
    match shape value with
    | Atom text when not (isNegative text) -> text
    | Record _
    | List _
    | Tuple _ -> flat value
    | _ -> $"({flat value})"

let private indent by =
    List.map (fun line -> String(' ', by) + line)

/// Items under each other between brackets.
let private bracketed (opening: string) (closing: string) (items: string list list) =
    let lines =
        items
        |> List.concat
        |> List.mapi (fun i line -> (if i = 0 then opening + " " else "  ") + line)

    let last = lines.Length - 1

    lines
    |> List.mapi (fun i line -> if i = last then line + " " + closing else line)

let rec private block value =
    let line = flat value

    if line.Length <= width then
        [ line ]
    else
        match shape value with
        | Record fields ->
            bracketed
                "{"
                "}"
                [
                    for name, value in fields ->
                        match block value with
                        | [ line ] when name.Length + line.Length < width -> [ $"{name} = {line}" ]
                        | lines -> $"{name} =" :: indent 4 lines
                ]
        | List items -> bracketed "[" "]" (List.map block items)
        | Case(name, [ single ]) ->
            match shape single with
            | Record _
            | List _ -> name :: indent 4 (block single)
            | _ -> [ line ]
        | _ -> [ line ]

/// The code of a value in one line.
let line (value: obj) = flat value

/// The code of a value made of records, unions, lists, tuples, options, numbers and strings.
let ofValue (value: 'T) = block (box value) |> String.concat "\n"

let rec private differences path (a: obj) (b: obj) =
    if Object.Equals(a, b) then
        []
    else
        match shape a, shape b with
        | Record x, Record y when a.GetType() = b.GetType() ->
            List.zip x y
            |> List.collect (fun ((name, x), (_, y)) -> differences (if path = "" then name else $"{path}.{name}") x y)
        | Map x, Map y when List.map fst x = List.map fst y ->
            List.zip x y
            |> List.collect (fun ((name, x), (_, y)) -> differences $"{path}.{name}" x y)
        | List x, List y when x.Length = y.Length ->
            List.zip x y
            |> List.mapi (fun i (x, y) -> differences $"{path}[{i}]" x y)
            |> List.concat
        | Case(x, [ single ]), Case(y, [ other ]) when x = y -> differences path single other
        | _ -> [ path, flat a, flat b ]

/// The fields in which two values differ, by path, with the code of both.
let diff (a: 'T) (b: 'T) = differences "" (box a) (box b)
