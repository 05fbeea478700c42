// The words of sample newsletters, in three languages.

export type Words = {
  lang: string;
  dir: 'ltr' | 'rtl';
  fonts: string;
  brand: string;
  preheader: string;
  title: string;
  intro: string;
  action: string;
  items: { name: string; text: string; price: string }[];
  total: string;
  person: string;
  wrote: string;
  answer: string[];
  footer: string;
  unsubscribe: string;
};

export const WORDS: Words[] = [
  {
    lang: 'en', dir: 'ltr', fonts: "Helvetica, Arial, sans-serif", brand: 'Northwind Books', preheader: 'Three new titles, and free delivery until Sunday',
    title: 'The autumn list is here', intro: 'Our readers asked for long books for long evenings. Here is what we found.', action: 'See the whole list',
    items: [
      { name: 'The Salt Road', text: 'A journey by foot from the coast to the capital.', price: '€18.00' },
      { name: 'Letters to a Bridge', text: 'A correspondence that lasted forty years.', price: '€22.50' },
      { name: 'Weather for Beginners', text: 'Clouds, fronts & pressure <explained>.', price: '€14.90' },
    ],
    total: 'Total', person: 'Maria Lopez', wrote: 'On Tue, 3 Nov 2026 at 10:12, Maria Lopez <maria@shop.example> wrote:',
    answer: ['Thank you, that works for me.', 'Could we move the meeting to Thursday? I am on the train until noon.', 'Best,'],
    footer: 'You receive this because you bought a book from us.', unsubscribe: 'Unsubscribe',
  },
  {
    lang: 'zh-CN', dir: 'ltr', fonts: '"PingFang SC", "Microsoft YaHei", sans-serif', brand: '北风书店', preheader: '三本新书，周日前免运费',
    title: '秋季书单来了', intro: '读者们想要适合长夜阅读的长篇。这是我们为您挑选的书。', action: '查看完整书单',
    items: [
      { name: '盐路', text: '从海岸步行到首都的旅程。', price: '¥68.00' },
      { name: '写给桥的信', text: '一段持续四十年的通信。', price: '¥82.50' },
      { name: '气象入门', text: '云、锋面与气压，轻松读懂。', price: '¥45.90' },
    ],
    total: '合计', person: '王小明', wrote: '在 2026年11月3日 10:12，王小明 <wang@shop.example> 写道：',
    answer: ['谢谢，这个时间可以。', '会议能不能改到星期四？我中午之前都在火车上。', '祝好'],
    footer: '您收到此邮件是因为您曾在本店购书。', unsubscribe: '退订',
  },
  {
    lang: 'ar', dir: 'rtl', fonts: 'Tahoma, Arial, sans-serif', brand: 'مكتبة الشمال', preheader: 'ثلاثة كتب جديدة وتوصيل مجاني حتى الأحد',
    title: 'قائمة الخريف وصلت', intro: 'طلب قراؤنا كتبا طويلة لأمسيات طويلة. هذا ما وجدناه.', action: 'شاهد القائمة كاملة',
    items: [
      { name: 'طريق الملح', text: 'رحلة على الأقدام من الساحل إلى العاصمة.', price: '68 SAR' },
      { name: 'رسائل إلى جسر', text: 'مراسلة دامت أربعين عاما.', price: '82 SAR' },
      { name: 'الطقس للمبتدئين', text: 'الغيوم والجبهات والضغط الجوي.', price: '45 SAR' },
    ],
    total: 'المجموع', person: 'ليلى حسن', wrote: 'كتبت ليلى حسن <leila@shop.example> يوم 3 نوفمبر 2026:',
    answer: ['شكرا، هذا الموعد يناسبني.', 'هل يمكن نقل الاجتماع إلى الخميس؟', 'مع التحية'],
    footer: 'تصلك هذه الرسالة لأنك اشتريت كتابا منا.', unsubscribe: 'إلغاء الاشتراك',
  },
];

/** Escapes text for HTML. */
export function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
