/// Prints values as the F# code that rebuilds them.
module internal SimCLR.Code

open System
open System.Collections
open System.Globalization
open Microsoft.FSharp.Reflection

let private number (text: string) =
    if text |> Seq.exists (fun c -> c = '.' || c = 'E' || c = 'e') then text else text + ".0"

let private atom (value: obj) =
    match value with
    | :? float as x -> Some(number (x.ToString("R", CultureInfo.InvariantCulture)))
    | :? int as i -> Some(string i)
    | :? int64 as i -> Some(string i + "L")
    | :? bool as b -> Some(if b then "true" else "false")
    | :? string as s -> Some("\"" + s.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"")
    | null -> Some "None"
    | _ -> None

/// Unions of this library are qualified; option is not.
let private caseName (case: UnionCaseInfo) =
    if case.DeclaringType.IsGenericType || not (Attribute.IsDefined(case.DeclaringType, typeof<RequireQualifiedAccessAttribute>)) then
        case.Name
    else
        $"{case.DeclaringType.Name}.{case.Name}"

let rec private print (indent: string) (value: obj) : string =
    match atom value with
    | Some text -> text
    | None ->
        let kind = value.GetType()

        if kind.IsGenericType && kind.GetGenericTypeDefinition() = typedefof<list<_>> then
            let items = [ for item in (value :?> IEnumerable) -> print indent item ]
            "[ " + String.concat "; " items + " ]"
        elif FSharpType.IsTuple kind then
            "(" + (FSharpValue.GetTupleFields value |> Array.map (print indent) |> String.concat ", ") + ")"
        elif FSharpType.IsRecord kind then
            record indent value kind
        else
            let case, fields = FSharpValue.GetUnionFields(value, kind)

            match fields with
            | [||] -> caseName case
            | [| single |] when not (single :? float || single :? int) || isNull single ->
                $"{caseName case}({print indent single})"
            | [| single |] -> $"{caseName case} {print indent single}"
            | several -> caseName case + "(" + (several |> Array.map (print indent) |> String.concat ", ") + ")"

and private record indent value kind =
    let inner = indent + "  "

    FSharpType.GetRecordFields kind
    |> Array.map (fun field -> $"{field.Name} = {print inner (field.GetValue value)}")
    |> String.concat $"\n{inner}"
    |> sprintf "{ %s }"

/// The code of a value made of records, unions, lists, tuples, options, numbers and strings.
let ofValue (value: 'T) = print "" (box value)

let rec private differences path (a: obj) (b: obj) : (string * string * string) list =
    if Object.Equals(a, b) then
        []
    else
        let kind = if isNull a then null else a.GetType()

        if not (isNull kind) && not (isNull b) && kind = b.GetType() && FSharpType.IsRecord kind then
            [ for field in FSharpType.GetRecordFields kind do
                  let name = if path = "" then field.Name else $"{path}.{field.Name}"
                  yield! differences name (field.GetValue a) (field.GetValue b) ]
        elif not (isNull kind) && not (isNull b) && FSharpType.IsUnion kind && atom a = None && sameCase a b then
            let _, fieldsA = FSharpValue.GetUnionFields(a, kind)
            let _, fieldsB = FSharpValue.GetUnionFields(b, kind)

            match fieldsA, fieldsB with
            | [| x |], [| y |] -> differences path x y
            | _ -> [ path, print "" a, print "" b ]
        else
            [ path, print "" a, print "" b ]

and private sameCase a b =
    let tag (value: obj) = (fst (FSharpValue.GetUnionFields(value, value.GetType()))).Tag
    // A union's case may be a class of its own: both are read as the union they belong to.
    FSharpType.IsUnion(b.GetType()) && tag a = tag b

/// The fields in which two values differ, by path, with the code of both.
let diff (a: 'T) (b: 'T) = differences "" (box a) (box b)
