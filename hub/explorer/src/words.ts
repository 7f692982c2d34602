// The page's own words, in the browser's language. GraphiQL's are English.

const ENGLISH = {
  panel: "Questions and access",
  questions: "Questions",
  none: "There are no questions here.",
  access: "Who asks",
  client: "Client",
  purpose: "Purpose",
  noPurpose: "none",
  case: "Case number",
  operator: "Operator",
  token: "Access token",
  tokenHint: "Paste a token of /oauth/token. It stays in this page and is not kept.",
  failed: "The page could not begin",
};

const CHINESE: typeof ENGLISH = {
  panel: "问题与身份",
  questions: "常用问题",
  none: "这里没有问题。",
  access: "以谁的身份查询",
  client: "客户端",
  purpose: "事由",
  noPurpose: "不声明",
  case: "案号",
  operator: "经办人",
  token: "访问令牌",
  tokenHint: "粘贴从 /oauth/token 取得的令牌。令牌只在本页使用，不会保存。",
  failed: "页面无法启动",
};

const chinese = navigator.language.toLowerCase().startsWith("zh");

export const language = chinese ? "zh-CN" : "en";
export const words = chinese ? CHINESE : ENGLISH;

/** The title in the browser's language, or in the one there is. */
export function titleOf(titles: Record<string, string>, otherwise: string): string {
  return titles[chinese ? "zh" : "en"] ?? Object.values(titles)[0] ?? otherwise;
}
